//! protocol/json.rs

use doorcode::protocol::json::{self, Object, Value};

fn object(text: &str) -> Object {
    json::object(text).unwrap()
}

#[test]
fn of_members_of_one_name_the_last_counts() {
    let mut object = object(r#"{"a":"first","b":"other","a":"last"}"#);
    assert_eq!(json::text(&object, "a"), Some("last"));
    object.set("a", "new".into());
    assert_eq!(json::text(&object, "a"), Some("new"));
    assert_eq!(json::written(&object), r#"{"a":"first","b":"other","a":"new"}"#);
}

#[test]
fn what_is_read_is_written_as_it_was() {
    let text = concat!(
        r#"{"none":null,"yes":true,"no":false,"large":18446744073709551615,"half":1.5,"below":-7.5,"tiny":1e-7,"empty":[],"bare":{},"#,
        r#""list":[1,"two",[3],{"four":4}],"quote\"\\\u001f":"\"\\\u001f","words":"ä\/"}"#
    );
    let expected = text.replace(r"\/", "/");
    assert_eq!(json::written(&object(text)), expected);
    // So it is handed to JavaScript.
    assert_eq!(serde_json::to_string(&object(text)).unwrap(), expected);
}

#[test]
fn numbers_are_taken_for_what_they_are() {
    let object = object(r#"{"whole":7,"half":7.5,"below":-7,"text":"7"}"#);
    let whole = |name: &str| object.get(name).and_then(Value::as_whole);
    assert_eq!((whole("whole"), whole("half"), whole("below"), whole("text")), (Some(7), None, None, None));
    let number = |name: &str| object.get(name).and_then(Value::as_number);
    assert_eq!(
        (number("whole"), number("half"), number("below"), number("text")),
        (Some(7.0), Some(7.5), Some(-7.0), None)
    );
}

#[test]
fn what_is_no_object_is_said_in_words() {
    let cases = [
        (" \n", "it is empty"),
        (r#"{"a":"#, "its JSON is cut off"),
        ("[]", "it is JSON, but not an object"),
        ("{\n \"a\":secret}", "it is not JSON (line 2, column 6)"),
    ];
    for (text, problem) in cases {
        assert_eq!(json::object(text).unwrap_err(), problem, "{text:?}");
    }
    assert!(json::object("\u{FEFF}{}").is_ok());
}
