//! protocol/text.rs

use doorcode::protocol::text::{clean, clean_without};

#[test]
fn control_characters_never_reach_a_terminal() {
    let cases = [
        ("AADSTS50059: none.\r\nTrace ID: 1", "AADSTS50059: none. Trace ID: 1"),
        ("\u{1b}[2J\u{1b}]0;x\u{7}gone", "[2J ]0;x gone"),
        ("a\u{9b}31mb", "a 31mb"),
        ("  a \t\n b  ", "a b"),
        ("\u{202e}moc.live\u{200b}", "moc.live"),
        ("plain äöü 日本", "plain äöü 日本"),
        ("", ""),
    ];
    for (text, expected) in cases {
        assert_eq!(clean(text), expected);
    }
}

#[test]
fn a_text_without_end_is_cut() {
    let cut = clean(&"ä".repeat(1_000_000));
    assert_eq!(cut.chars().count(), 2_001);
    assert!(cut.ends_with('…'));
}

#[test]
fn a_cut_leaves_no_half_of_a_secret() {
    let text = format!("{}s3cret-in-full", "x".repeat(1_995));
    assert!(!clean_without(&text, &["s3cret-in-full"]).contains("s3"));
}

#[test]
fn a_secret_is_taken_out_of_what_a_server_says() {
    assert_eq!(clean_without("code s3cret and s3cret", &["s3cret"]), "code [removed] and [removed]");
    assert_eq!(clean_without("untouched", &[""]), "untouched");
    assert_eq!(clean_without("a s3c\u{200b}ret b", &["s3cret"]), "a [removed] b", "put together again by the cleaning");
    for echo in [r#"a\"b\/~ c"#, r#"a\"b/~ c"#, "a%22b%2F%7E+c", "a%22b%2F~%20c"] {
        assert_eq!(clean_without(&format!("<{echo}>"), &["a\"b/~ c"]), "<[removed]>", "{echo}");
    }
    let secret = "A!b/c=";
    for echo in ["A!b/c=", "A%21b%2Fc%3D", "A%21b%2fc%3d", "A!b%2Fc%3D"] {
        assert_eq!(clean_without(&format!("<{echo}>"), &[secret]), "<[removed]>", "{echo}");
    }
}

#[test]
fn a_secret_is_found_in_rfc_3986_s_own_form() {
    assert_eq!(clean_without("<a%21~%2F>", &["a!~/"]), "<[removed]>");
}
