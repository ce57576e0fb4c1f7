//! Edits of JSON with comments.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::entry;
use crate::error::Problem;
use crate::json::{get, remove, set};

const PATH: [&str; 2] = ["servers", "ollama"];

/// Puts the entry in, checks that it is there and that once is enough, and takes it out again.
fn there_and_back(before: &str) -> (String, String) {
    let with = set(before, &PATH, &entry()).unwrap();
    assert_eq!(get(&with, &PATH).unwrap(), Some(entry()), "{with}");
    assert_eq!(set(&with, &PATH, &entry()).unwrap(), with, "a second time");
    let without = remove(&with, &PATH).unwrap().expect("it was there");
    assert_eq!(get(&without, &PATH).unwrap(), None, "{without}");
    (with, without)
}

#[test]
fn files_with_other_servers_come_back_byte_for_byte() {
    for before in [
        "{\n  \"servers\": {\n    \"a\": { \"command\": \"x\" }\n  }\n}\n",
        "{\n\t\"servers\": {\n\t\t\"a\": {\n\t\t\t\"command\": \"x\"\n\t\t}\n\t}\n}",
        "{\"servers\":{\"a\":{\"command\":\"x\"}}}",
        "{ \"servers\": { \"a\": { \"command\": \"x\" }, } }",
        "{\r\n    \"servers\": {\r\n        \"a\": {} // why\r\n    }\r\n}\r\n",
        "{\n  \"servers\": {\n    \"a\": {}, // why\n  },\n}\n",
        "{\n  \"servers\": {\n    \"a\": {} /* one */ // two\n    // \"b\": {}\n  }\n}\n",
        "{\n  \"servers\": {\n    \"a\": {},\n    // the end\n    /* really */\n  }, // x\n  \"inputs\": []\n}\n",
        "{\n  \"servers\": {\n    \"a\": {} // before a comma\n    ,\n    \"b\": {}\n    /* c */ ,\n  }\n}\n",
        "// head\n{ \"servers\": { \"a\": {} // tail\n} }\n// foot",
        "{ \"servers\":\n{ \"a\": 1,\n\"b\": [\n1 ] } }",
    ] {
        let (with, without) = there_and_back(before);
        assert_eq!(without, before, "by way of:\n{with}");
    }
}

#[test]
fn entry_is_formatted_like_neighbours() {
    let (with, _) = there_and_back("{\n\t\"servers\": {\n\t\t\"a\": {} // why\n\t}\n}\n");
    let expected = "{\n\t\"servers\": {\n\t\t\"a\": {}, // why\n\t\t\"ollama\": {\n\t\t\t\"type\": \"stdio\",\n\
                    \t\t\t\"command\": \"/bin/ollama-mcp\",\n\t\t\t\"args\": [],\n\t\t\t\"env\": {\n\
                    \t\t\t\t\"OLLAMA_HOST\": \"http://h:1\"\n\t\t\t}\n\t\t}\n\t}\n}\n";
    assert_eq!(with, expected);
    let (with, _) = there_and_back("{\r\n  \"servers\": {\r\n  }\r\n}\r\n");
    assert_eq!(with.matches('\n').count(), with.matches("\r\n").count());
}

#[test]
fn files_without_servers_get_servers_object() {
    for (before, after) in [
        ("", "{\n  \"servers\": {}\n}\n"),
        ("\n", "\n{\n  \"servers\": {}\n}\n"),
        ("// mine", "// mine\n{\n  \"servers\": {}\n}\n"),
        ("{}", "{\n  \"servers\": {}\n}"),
        ("{ /* none */ }", "{ /* none */\n  \"servers\": {}\n}"),
        ("{\n  \"a\": 1\n}", "{\n  \"a\": 1,\n  \"servers\": {}\n}"),
        ("{\n  \"servers\": {}\n}", "{\n  \"servers\": {}\n}"),
    ] {
        assert_eq!(there_and_back(before).1, after, "{before:?}");
    }
}

#[test]
fn entry_is_removed_with_comment_at_any_position() {
    for (before, after) in [
        ("{\"servers\":{\"ollama\":1,\"b\":2}}", "{\"servers\":{\"b\":2}}"),
        ("{\"servers\":{\"a\":1,\"ollama\":1,\"b\":2}}", "{\"servers\":{\"a\":1,\"b\":2}}"),
        ("{ \"servers\": {\n  \"ollama\": {}, // mine\n  \"b\": 2\n} }", "{ \"servers\": {\n  \"b\": 2\n} }"),
        ("{ \"servers\": {\n  // keep\n  \"ollama\": {} } }", "{ \"servers\": {\n  // keep\n   } }"),
    ] {
        assert_eq!(remove(before, &PATH).unwrap().as_deref(), Some(after), "{before}");
    }
    assert_eq!(remove("{\"servers\":{\"a\":1}}", &PATH).unwrap(), None);
    assert_eq!(remove("", &PATH).unwrap(), None);
}

#[test]
fn parse_error_has_position() {
    let error = set("{\n  \"servers\": {\n    \"ä\": {} \"b\": 1\n  }\n}", &PATH, &entry()).unwrap_err();
    assert!(matches!(error, Problem::Syntax { line: 3, column: 12, .. }), "{error:?}");
    for text in
        ["{ servers: {} }", "{ 'servers': {} }", "{ \"servers\": { \"a\": 1 \"b\": 2 } }", "{", "{} {}"]
    {
        assert!(matches!(set(text, &PATH, &entry()), Err(Problem::Syntax { .. })), "{text}");
    }
    for (text, key) in [("[]", "the top level"), ("{\"servers\":[]}", "servers")] {
        let error = set(text, &PATH, &entry()).unwrap_err();
        assert_eq!(error, Problem::Shape { key: key.to_owned(), expected: "an object" });
    }
}

/// Blanks and comments, as people leave them.
fn trivia() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        4 => Just(String::new()),
        3 => Just(" ".to_owned()),
        3 => Just("\n  ".to_owned()),
        1 => Just("\r\n\t".to_owned()),
        1 => Just("\n\n".to_owned()),
        1 => Just(" // c, \"x\": {}\n".to_owned()),
        1 => Just(" // d\r\n".to_owned()),
        1 => Just("/* e, */".to_owned()),
        1 => Just("/* f\n */".to_owned()),
    ];
    proptest::collection::vec(part, 0..3).prop_map(|parts| parts.concat())
}

/// A property with trivia around it, without its comma.
fn property(name: String) -> impl Strategy<Value = String> {
    let value = prop_oneof![
        Just("1".to_owned()),
        Just("\"{ // no comment\"".to_owned()),
        Just("{}".to_owned()),
        Just("[ 1,\n 2 ]".to_owned()),
        Just("{\n \"command\": \"x\" // y\n}".to_owned()),
    ];
    (trivia(), trivia(), value, trivia())
        .prop_map(move |(a, b, value, c)| format!("{a}{}:{b}{value}{c}", Value::from(name.as_str())))
}

fn object(properties: Vec<String>, trailing: bool, end: &str) -> String {
    let comma = if trailing && !properties.is_empty() { "," } else { "" };
    format!("{{{}{comma}{end}}}", properties.join(","))
}

/// A file with other servers, in any layout.
fn file() -> impl Strategy<Value = String> {
    let servers = (1usize..4, any::<bool>(), trivia()).prop_flat_map(|(count, trailing, end)| {
        let properties: Vec<_> = (0..count).map(|number| property(format!("s{number}"))).collect();
        (properties, Just(trailing), Just(end))
    });
    let servers = servers.prop_map(|(properties, trailing, end)| object(properties, trailing, &end));
    (trivia(), property("before".to_owned()), trivia(), servers, trivia(), any::<bool>(), trivia()).prop_map(
        |(head, other, gap, servers, end, trailing, foot)| {
            let servers = format!("{gap}\"servers\":{gap}{servers}");
            format!("{head}{}{foot}", object(vec![other, servers], trailing, &end))
        },
    )
}

proptest! {
    #[test]
    fn any_layout_comes_back_byte_for_byte(before in file()) {
        let with = set(&before, &PATH, &entry()).unwrap();
        let mut expected = get(&before, &[]).unwrap().unwrap();
        expected["servers"]["ollama"] = entry();
        prop_assert_eq!(get(&with, &[]).unwrap().unwrap(), expected, "all else has the same meaning");
        prop_assert_eq!(&set(&with, &PATH, &entry()).unwrap(), &with);
        prop_assert_eq!(remove(&with, &PATH).unwrap().unwrap(), before, "by way of:\n{}", with);
    }

    #[test]
    fn an_edit_of_one_field_leaves_all_other_bytes(before in file()) {
        let with = set(&before, &PATH, &entry()).unwrap();
        let path = ["servers", "ollama", "command"];
        let other = set(&with, &path, &json!("/elsewhere")).unwrap();
        prop_assert_eq!(other.replacen("/elsewhere", "/bin/ollama-mcp", 1), with);
    }
}
