//! cache/scan.rs

use doorcode::cache::scan::{Problem, Scanner, unescaped, unquoted};
use doorcode::protocol::json::quoted;
use serde::de::IgnoredAny;
use serde_json::Value;

use crate::random::Random;

fn scan(text: &str) -> Result<(), Problem> {
    let mut scanner = Scanner::new(text)?;
    scanner.value()?;
    scanner.end()
}

#[test]
fn what_is_json_is_walked_through() {
    let good = [
        "0",
        "-0",
        "10",
        "-1.5",
        "1e9",
        "1E+9",
        "1.25e-300",
        "1e400",
        "9007199254740993",
        "123456789012345678901234567890",
        "true",
        "false",
        "null",
        r#""""#,
        r#""é€😀""#,
        "\"\u{7F}\u{80}\u{2028}\"",
        r#""\"\\\/\b\f\n\r\t\u00e9\uD83D\uDE00""#,
        r#""\ud800""#,
        r#""\udc00\ud800""#,
        r#""\\""#,
        r#""1234567\\""#,
        "[]",
        "[ ]",
        "[1]",
        "[1,[2,[3]],{}]",
        "{}",
        "{\r\n\t }",
        r#"{"a":1}"#,
        r#"{"":{"":[""]}}"#,
        r#"{"a":1,"a":2}"#,
        r#" { "a" : [ 1 , 2 ] , "b" : null } "#,
        r#"{"__proto__":{"constructor":1}}"#,
        "\n\n1\n\n",
    ];
    for text in good {
        assert_eq!(scan(text), Ok(()), "{text}");
        assert!(serde_json::from_str::<IgnoredAny>(text).is_ok(), "{text}");
    }
}

#[test]
fn what_is_not_is_refused_where_it_goes_wrong() {
    const VALUE: &str = "there should be a value";
    const CUT: &str = "it is cut off";
    const COMMA: &str = "there should be a comma, or the end of the object or list";
    const STRING: &str = "there should be a string";
    const COLON: &str = "there should be a colon";
    const DIGIT: &str = "there should be a digit";
    const CONTROL: &str = "a string holds a control character";
    const ESCAPE: &str = "a string holds a backslash that escapes nothing";
    const HEX: &str = "there should be four hexadecimal digits";
    const BEHIND: &str = "something follows behind the end of the JSON";
    let bad = [
        ("", 0, CUT),
        ("  ", 2, CUT),
        ("{", 1, CUT),
        ("[", 1, CUT),
        ("[1", 2, CUT),
        ("[1,", 3, CUT),
        (r#"{"a"#, 3, CUT),
        (r#"{"a""#, 4, CUT),
        (r#"{"a":"#, 5, CUT),
        (r#"{"a":1"#, 6, CUT),
        (r#"{"a":1,"#, 7, CUT),
        (r#""abcdefgh"#, 9, CUT),
        (r#""\"#, 2, CUT),
        (r#""\u12"#, 5, CUT),
        ("tru", 3, CUT),
        ("-", 1, CUT),
        ("1.", 2, CUT),
        ("1e+", 3, CUT),
        ("]", 0, VALUE),
        ("[1,]", 3, VALUE),
        ("[,1]", 1, VALUE),
        ("treu", 2, VALUE),
        ("True", 0, VALUE),
        ("NaN", 0, VALUE),
        ("+1", 0, VALUE),
        (".5", 0, VALUE),
        ("'a'", 0, VALUE),
        ("\u{FEFF}1", 0, VALUE),
        ("\u{A0}1", 0, VALUE),
        (r#"{"a":}"#, 5, VALUE),
        (r#"{"a":1 "b":2}"#, 7, COMMA),
        ("[1 2]", 3, COMMA),
        ("[1}", 2, COMMA),
        (r#"{"a":1]"#, 6, COMMA),
        ("[truex]", 5, COMMA),
        ("{a:1}", 1, STRING),
        (r#"{"a":1,}"#, 7, STRING),
        ("{1:1}", 1, STRING),
        (r#"{"a",1}"#, 4, COLON),
        ("[-]", 2, DIGIT),
        ("[1.]", 3, DIGIT),
        ("[1.e1]", 3, DIGIT),
        ("[1e]", 3, DIGIT),
        ("[-a]", 2, DIGIT),
        ("[01]", 2, COMMA),
        ("[-01]", 3, COMMA),
        ("\"a\nb\"", 2, CONTROL),
        ("\"12345678\u{0}\"", 9, CONTROL),
        ("\"\u{1F}\"", 1, CONTROL),
        (r#""\x""#, 2, ESCAPE),
        (r#""\U0041""#, 2, ESCAPE),
        (r#""\u12g4""#, 5, HEX),
        ("1 2", 2, BEHIND),
        ("{}}", 2, BEHIND),
        ("1\u{0}", 1, BEHIND),
    ];
    for (text, at, what) in bad {
        assert_eq!(scan(text), Err(Problem { at, what }), "{text}");
        assert!(serde_json::from_str::<IgnoredAny>(text).is_err(), "{text}");
    }
}

#[test]
fn nesting_has_a_limit_and_takes_no_more_stack_than_that() {
    let nested = |open: &str, close: &str, depth: usize| format!("{}0{}", open.repeat(depth), close.repeat(depth));
    for (open, close) in [("[", "]"), (r#"{"a":"#, "}"), (r#"[{"a":"#, "}]")] {
        let levels = open.len() - open.replace(['[', '{'], "").len();
        assert_eq!(scan(&nested(open, close, 100 / levels)), Ok(()));
        let problem = scan(&nested(open, close, 1 + 100 / levels)).unwrap_err();
        assert_eq!(problem.what, "it is nested too deeply");
        assert_eq!(scan(&nested(open, close, 1_000_000)).unwrap_err(), problem);
    }
    // Beside each other is not within each other.
    assert_eq!(scan(&format!("[{}[]]", "[[]],".repeat(1_000))), Ok(()));
}

#[test]
fn a_string_ends_where_it_ends_whatever_its_length() {
    // Eight bytes are looked at together: each byte, in each place among them, with each neighbour that could mislead.
    for length in 0..20 {
        for at in 0..length {
            for byte in 0..=0x7F_u8 {
                for beside in ["a", "\u{80}", "\u{1000}", "!", "#", "[", "]", " "] {
                    let mut text = beside.repeat(at);
                    text.push(char::from(byte));
                    text.push_str(&beside.repeat(length - at));
                    let text = format!("\"{text}\"");
                    let expected = serde_json::from_str::<IgnoredAny>(&text).is_ok();
                    assert_eq!(scan(&text).is_ok(), expected, "{text:?}");
                }
            }
        }
    }
}

#[test]
fn every_character_is_taken_for_what_it_is() {
    for character in (0..=0x7F_u8).map(char::from).chain(['\u{85}', '\u{A0}', '\u{2028}', '\u{FEFF}']) {
        for text in [
            format!("\"\\{character}\""),
            format!("\"\\{character}0041\""),
            format!("\"\\u004{character}\""),
            format!("{character}[{character}1{character},{character}\"a\"{character}]{character}"),
            format!("{{\"a\"{character}1}}"),
            format!("[1{character}2]"),
            format!("[{character}]"),
            format!("[-{character}]"),
            format!("[1{character}]"),
            format!("[1e{character}1]"),
            format!("[nul{character}]"),
        ] {
            assert_eq!(scan(&text).is_ok(), serde_json::from_str::<IgnoredAny>(&text).is_ok(), "{text:?}");
        }
    }
}

#[test]
fn escapes_become_text_and_text_becomes_escapes() {
    let cases = [("", ""), ("plain é", "plain é"), (r#"\"\\\/\b\n"#, "\"\\/\u{8}\n"), (r"\u00e9\uD83D\uDE00", "é😀")];
    for (inside, text) in cases {
        assert_eq!(unescaped(inside), text);
        assert_eq!(unquoted(&quoted(text)).as_deref(), Some(text));
    }
    for half in [r"\ud800", r"a\udc00b", r"\ud83d\ud83d"] {
        assert_eq!(unescaped(half), "", "half of a pair is no text");
    }
    assert_eq!(quoted("a\"b\\c\nd\u{0}\u{7F}é"), "\"a\\\"b\\\\c\\nd\\u0000\u{7F}é\"");
    assert_eq!(unquoted(r#""a\nb""#).as_deref(), Some("a\nb"));
    for other in ["", "\"", "1", "null", "a\"", "\"a"] {
        assert_eq!(unquoted(other), None, "{other}");
    }
}

/// Random JSON, with white space where it may be.
fn json(random: &mut Random, depth: usize) -> String {
    const SPACES: [&str; 6] = ["", "", "", " ", "\n", " \r\t "];
    const STRINGS: [&str; 12] = [
        "",
        "a",
        "secret",
        "home_account_id",
        "__proto__",
        "é€😀",
        r"\u0041\n\\\/",
        r#"\""#,
        r"\uD83D\uDE00",
        "12345678",
        "1234567\\\"8",
        "}],:{[",
    ];
    const NUMBERS: [&str; 8] = ["0", "-1", "1795245042", "1.5", "-0.25e2", "1E3", "9007199254740993", "0e0"];
    let space = |random: &mut Random| random.pick(&SPACES);
    let before = space(random);
    let value = match random.below(if depth == 0 { 6 } else { 10 }) {
        0..=2 => format!("\"{}{}\"", random.pick(&STRINGS), random.pick(&STRINGS)),
        3 | 4 => random.pick(&NUMBERS).to_owned(),
        5 => random.pick(&["true", "false", "null"]).to_owned(),
        kind => {
            let is_object = kind > 6;
            let items: Vec<String> = (0..random.below(4))
                .map(|_| {
                    let value = json(random, depth - 1);
                    let name = random.pick(&STRINGS);
                    if is_object { format!("{}\"{name}\"{}:{value}", space(random), space(random)) } else { value }
                })
                .collect();
            let (open, close) = if is_object { ('{', '}') } else { ('[', ']') };
            format!("{open}{}{}{close}", items.join(","), space(random))
        }
    };
    format!("{before}{value}{}", space(random))
}

/// A text with a few characters changed, as a careless hand or a broken disk would.
fn damaged(random: &mut Random, text: &str) -> String {
    const PIECES: [&str; 24] = [
        "\"", "\\", "{", "}", "[", "]", ",", ":", "0", "1", "-", ".", "e", "u", "\\u", "\u{0}", "\u{1F}", " ", "\n",
        "é", "t", "null", "\"\":", "\u{FEFF}",
    ];
    let mut characters: Vec<String> = text.chars().map(String::from).collect();
    for _ in 0..=random.below(3) {
        let at = random.below(characters.len() + 1);
        match random.below(5) {
            0 => characters.insert(at, random.pick(&PIECES).to_owned()),
            1 => characters.truncate(at),
            2 if at < characters.len() => characters[at] = random.pick(&PIECES).to_owned(),
            3 if at < characters.len() => drop(characters.remove(at)),
            _ if at > 1 => characters.swap(at - 1, at - 2),
            _ => {}
        }
    }
    characters.concat()
}

#[test]
fn it_is_never_of_another_opinion_than_serde_json() {
    let mut random = Random::seeded(1);
    let (mut good, mut bad) = (0, 0);
    for _ in 0..20_000 {
        let text = json(&mut random, 4);
        let text = if random.once_in(4) { text } else { damaged(&mut random, &text) };
        let expected = serde_json::from_str::<IgnoredAny>(&text).is_ok();
        match scan(&text) {
            Ok(()) => good += 1,
            Err(problem) => {
                bad += 1;
                assert!(text.is_char_boundary(problem.at), "{text:?}: {problem:?}");
            }
        }
        assert_eq!(scan(&text).is_ok(), expected, "{text:?}");
    }
    assert!(good > 5_000 && bad > 5_000, "both are tried: {good} and {bad}");
}

/// Cuts every value out of a text, and holds it against what serde_json makes of the whole.
fn assert_parts(text: &str, whole: &Value) {
    assert_eq!(&serde_json::from_str::<Value>(text).unwrap(), whole, "{text}");
    let mut parts = Vec::new();
    let mut scanner = Scanner::new(text).unwrap();
    match whole {
        Value::Array(_) => scanner.list(&mut |scanner, ()| {
            parts.push((String::new(), scanner.value()?.of(text)));
            Ok(())
        }),
        Value::Object(_) => scanner.object(&mut |scanner, name| {
            let value = scanner.value()?;
            let member = name.quoted().until(value).of(text);
            assert!(serde_json::from_str::<Value>(&format!("{{{member}}}")).is_ok(), "{member}");
            parts.push((unescaped(name.of(text)).into_owned(), value.of(text)));
            Ok(())
        }),
        _ => scanner.value(),
    }
    .unwrap();
    scanner.end().unwrap();
    match whole {
        Value::Array(items) => {
            assert_eq!(items.len(), parts.len());
            items.iter().zip(parts).for_each(|(item, (_, part))| assert_parts(part, item));
        }
        Value::Object(members) => {
            for (name, value) in members {
                let (_, last) = parts.iter().rev().find(|(known, _)| known == name).unwrap();
                assert_parts(last, value);
            }
        }
        _ => {}
    }
}

#[test]
fn what_is_cut_out_is_what_was_there() {
    let mut random = Random::seeded(2);
    for _ in 0..3_000 {
        let text = json(&mut random, 5);
        assert_parts(text.trim(), &serde_json::from_str(&text).unwrap());
    }
}
