//! protocol/scopes.rs

use doorcode::protocol::scopes::Scopes;

fn granted(text: &str) -> Scopes {
    Scopes::granted(text)
}

#[test]
fn a_request_asks_for_who_signed_in_as_well_and_for_nothing_twice() {
    let ask = |wanted: &[&str]| {
        let wanted: Vec<String> = wanted.iter().map(|scope| (*scope).to_owned()).collect();
        Scopes::to_request(&wanted, true).map(|scopes| scopes.joined()).unwrap_or_default()
    };
    assert_eq!(ask(&[]), "openid profile offline_access");
    assert_eq!(ask(&["User.Read", "openid", "User.Read"]), "User.Read openid profile offline_access");
    assert_eq!(ask(&[" a  b\tc\n", ""]), "a b c openid profile offline_access");
    assert_eq!(ask(&["user.read", "User.Read"]), "user.read User.Read openid profile offline_access");
    assert_eq!(ask(&["!#$[]^~"]), "!#$[]^~ openid profile offline_access");
    for wrong in ["\"", "\\", "é", "a\u{0}", "\u{7F}", "a\u{200B}"] {
        assert_eq!(ask(&["good", wrong]), "", "{wrong:?}");
    }
}

#[test]
fn what_was_granted_is_a_set_in_its_order() {
    assert_eq!(granted("b a\u{200B}  b \u{202E}c").as_slice(), ["b", "a", "c"]);
    assert!(granted(" \u{200B} ").as_slice().is_empty());
    let many: Vec<String> = (0..2_000).map(|number| number.to_string()).collect();
    assert_eq!(granted(&many.join(" ")).as_slice(), &many[..1_000], "there is an end to a server's list");
}

#[test]
fn a_token_covers_what_it_was_granted_whatever_the_capitals() {
    for (token, wanted, covers) in [
        ("User.Read Mail.Read", "mail.read", true),
        ("User.Read", "User.Read Mail.Read", false),
        ("User.Read", "openid profile offline_access email", true),
        ("User.Read", "OpenID Email User.READ", true),
        ("openid profile", "openid", true),
        ("openid profile", "User.Read", false),
        ("", "", true),
        ("", "openid", true),
        ("User.Read", "User.Rea", false),
        ("User.ReadWrite", "User.Read", false),
    ] {
        assert_eq!(granted(token).cover(&granted(wanted)), covers, "{token} for {wanted}");
    }
}

#[test]
fn two_tokens_overlap_in_what_they_are_good_for() {
    for (one, other, overlap) in [
        ("User.Read Mail.Read", "mail.read Files.Read", true),
        ("User.Read", "Mail.Read", false),
        ("User.Read openid profile", "Mail.Read openid profile", false),
        ("User.Read openid", "openid", false),
        ("openid", "profile email", true),
        ("", "openid", true),
        ("", "", true),
    ] {
        assert_eq!(granted(one).overlap(&granted(other)), overlap, "{one} and {other}");
        assert_eq!(granted(other).overlap(&granted(one)), overlap, "{other} and {one}");
    }
}
