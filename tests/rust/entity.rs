//! cache/entity.rs

use doorcode::cache::entity::{Draft, Entity};

const TEXT: &str = r#" { "secret" : "a\u00e9\"b", "number":1795245042 , "fraction": 17.9, "negative": -1, "none": null,
    "flag": true, "list": [ "x", 1 , {"a":[2]} ], "object": {"secret":"inner"}, "half": "\ud800", "": "empty name",
    "twice": "first", "twice": "last", "large": 9007199254740993 } "#;

#[test]
fn fields_are_read_as_text() {
    let entity = Entity::read(TEXT);
    let cases = [
        ("secret", "aé\"b"),
        ("number", "1795245042"),
        ("fraction", "17.9"),
        ("large", "9007199254740993"),
        ("", "empty name"),
        ("twice", "last"),
        ("half", ""),
        ("none", ""),
        ("flag", ""),
        ("negative", ""),
        ("list", ""),
        ("object", ""),
        ("missing", ""),
    ];
    for (name, text) in cases {
        assert_eq!(entity.text(name), text, "{name}");
        assert_eq!(entity.some_text(name).as_deref(), Some(text).filter(|text| !text.is_empty()), "{name}");
    }
    assert_eq!(entity.raw("object"), Some(r#"{"secret":"inner"}"#));
    assert_eq!(entity.items("list"), [r#""x""#, "1", r#"{"a":[2]}"#]);
    assert!(entity.items("secret").is_empty() && entity.items("missing").is_empty());
    assert!(entity.is("secret", "Aé\"B") && !entity.is("secret", "a"));
}

#[test]
fn times_are_read_however_they_are_written() {
    for (raw, seconds) in [
        (r#""1795245042""#, Some(1_795_245_042)),
        ("1795245042", Some(1_795_245_042)),
        (r#""1795245042.75""#, Some(1_795_245_042)),
        ("1795245042.75", Some(1_795_245_042)),
        (r#""""#, None),
        (r#""soon""#, None),
        ("-5", None),
        ("1e9", None),
        (r#""99999999999999999999999""#, None),
        ("null", None),
    ] {
        assert_eq!(Entity::read(&format!(r#"{{"time":{raw}}}"#)).seconds("time"), seconds, "{raw}");
    }
}

#[test]
fn what_is_no_object_has_no_fields() {
    for text in ["", "5", "null", "[]", r#""text""#, r#"{"a":1"#, r#"{"a":1,}"#] {
        assert_eq!(Entity::read(text).raw("a"), None, "{text}");
    }
}

#[test]
fn what_is_not_set_stays_as_it_was() {
    let mut draft = Draft::default();
    draft.set("secret", "new \"secret\"\n");
    draft.set_some("name", None);
    draft.set_or_remove("gone", None);
    draft.set_or_remove("kept", Some("yes"));
    draft.set_raw("list", "[1]");
    let old = r#"{"unknown":9007199254740993,"secret":"old","gone":1,"dup":1,"dup":2,"__proto__":{"x":"\u00e9"},"name":"Ada"}"#;
    assert_eq!(
        draft.written(&Entity::read(old)),
        r#"{"secret":"new \"secret\"\n","kept":"yes","list":[1],"unknown":9007199254740993,"dup":1,"dup":2,"__proto__":{"x":"\u00e9"},"name":"Ada"}"#
    );
    assert_eq!(draft.written(&Entity::default()), r#"{"secret":"new \"secret\"\n","kept":"yes","list":[1]}"#);
    assert_eq!(Draft::default().written(&Entity::default()), "{}");
    assert_eq!(Draft::default().written(&Entity::read(r#"{"a":1}"#)), r#"{"a":1}"#);
}

#[test]
fn a_field_is_written_once_however_often_it_is_set() {
    let mut draft = Draft::over(&Entity::read(r#"{"a":1,"b":2,"a":3}"#));
    draft.set("b", "x");
    draft.set("b", "y");
    assert_eq!(draft.written(&Entity::read(r#"{"a":4,"c":5}"#)), r#"{"a":3,"b":"y","c":5}"#);
}

#[test]
fn a_whole_entity_leaves_nothing_of_the_old_one() {
    let draft = Draft::whole(&Entity::read(r#"{"secret":"new"}"#));
    assert_eq!(draft.written(&Entity::read(r#"{"secret":"old","refresh_on":"1"}"#)), r#"{"secret":"new"}"#);
}
