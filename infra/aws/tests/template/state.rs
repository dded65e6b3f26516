//! The table: as the code uses it, and a restored one in its place.

use serde_yaml_ng::{Mapping, Value};

use super::{at, chosen, resources, statements, template, text};

pub(super) const EXISTING_TABLE_ARN: &str =
    "arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}:table/${ExistingTable}";

#[test]
fn the_table_is_the_one_that_the_code_uses() {
    let table = resources(&template(), "AWS::DynamoDB::Table").remove("Table").unwrap();
    let key = |value: &Value| {
        let schema = at(value, &["KeySchema"]).as_sequence().unwrap();
        schema.iter().map(|part| text(part, &["AttributeName"])).collect::<Vec<_>>()
    };
    assert_eq!(key(&table), ["pk", "sk"]);
    let index = &at(&table, &["GlobalSecondaryIndexes"]).as_sequence().unwrap()[0];
    assert_eq!((text(index, &["IndexName"]), key(index)), ("due".into(), vec!["due_shard".into(), "due_at".into()]));
    assert_eq!(text(index, &["Projection", "ProjectionType"]), "ALL");
    assert_eq!(text(&table, &["TimeToLiveSpecification", "AttributeName"]), "expires");
    // Who reads the stream has no permission to read items of all partitions, so it must not hold them.
    assert_eq!(text(&table, &["StreamSpecification", "StreamViewType"]), "KEYS_ONLY");
}

/// A resource, and in it what `!Ref`, `!GetAtt` and `!Sub` name, where it is not chosen by this condition.
fn named_anyhow(value: &Value, name: &str, condition: &str) -> bool {
    match value {
        Value::Tagged(tagged) => match &tagged.value {
            Value::Sequence(parts) if tagged.tag == "If" && parts[0].as_str() == Some(condition) => {
                named_anyhow(&parts[2], name, condition)
            }
            Value::String(text) if tagged.tag == "Ref" || tagged.tag == "GetAtt" => {
                text.split('.').next() == Some(name)
            }
            Value::String(text) => text.contains(&format!("${{{name}.")) || text.contains(&format!("${{{name}}}")),
            inner => named_anyhow(inner, name, condition),
        },
        // The text of `!Sub [text, values]` among them.
        Value::String(text) => text.contains(&format!("${{{name}.")) || text.contains(&format!("${{{name}}}")),
        Value::Sequence(values) => values.iter().any(|value| named_anyhow(value, name, condition)),
        Value::Mapping(members) => {
            members.iter().any(|(member, value)| member != "DependsOn" && named_anyhow(value, name, condition))
                || members.get("DependsOn").is_some_and(|on| on.as_str() == Some(name))
        }
        _ => false,
    }
}

#[test]
fn another_table_and_another_key_can_be_put_in_the_place_of_the_stack_s_own_which_stay() {
    let template = template();
    let all: &Mapping = at(&template, &["Resources"]).as_mapping().unwrap();
    for (name, condition, parameter) in
        [("Table", "OwnTable", "ExistingTable"), ("TableKey", "OwnTableKey", "ExistingTableKeyArn")]
    {
        for kept in ["DeletionPolicy", "UpdateReplacePolicy"] {
            assert_eq!(text(&all[name], &[kept]), "Retain", "{name}");
        }
        assert_eq!(text(&all[name], &["Condition"]), condition);
        let is_default = at(&template, &["Conditions", condition]).as_sequence().unwrap();
        assert_eq!(
            is_default.iter().map(|part| super::plain(part).as_str().unwrap()).collect::<Vec<_>>(),
            [parameter, ""]
        );
        assert_eq!(text(&template, &["Parameters", parameter, "Default"]), "");
        // Where it is not there nothing may name it, or the deployment fails.
        for (id, resource) in all {
            assert!(!named_anyhow(resource, name, condition), "{id:?} names {name} where it is not there");
        }
        assert!(!named_anyhow(&template["Globals"], name, condition));
        assert!(!named_anyhow(&template["Outputs"], name, condition));
    }
}

#[test]
fn with_another_table_everything_is_about_that_one() {
    let template = template();
    let variables = at(&template, &["Globals", "Function", "Environment", "Variables"]);
    assert_eq!(chosen(variables, &["KEYWARD_TABLE"]), ["OwnTable", "Table", "ExistingTable"]);
    let mapping = resources(&template, "AWS::Lambda::EventSourceMapping").remove("NoticeStream").unwrap();
    assert_eq!(
        chosen(&mapping, &["EventSourceArn"]),
        ["OwnTable", "Table.StreamArn", &format!("{EXISTING_TABLE_ARN}/stream/${{ExistingTableStream}}")]
    );
    let statements = statements(&template, "deliver-notices");
    let own_and_existing =
        |path: &str| ["OwnTable".to_owned(), format!("${{Table.Arn}}/{path}"), format!("{EXISTING_TABLE_ARN}/{path}")];
    assert_eq!(chosen(&statements["NewNotices"], &["Resource"]), own_and_existing("stream/*"));
    assert_eq!(chosen(&statements["Due"], &["Resource"]), own_and_existing("index/due"));
    let key = ["OwnTableKey", "TableKey.Arn", "ExistingTableKeyArn"];
    assert_eq!(chosen(&statements["TableKey"], &["Resource"]), key);
    // Neither is taken without the other.
    for (given, needed) in [("ExistingTable", "ExistingTableStream"), ("ExistingTableStream", "ExistingTable")] {
        let rule = at(&template, &["Rules", given]);
        let asserted = at(&at(rule, &["Assertions"]).as_sequence().unwrap()[0], &["Assert"]).as_sequence().unwrap();
        assert_eq!(super::plain(&super::plain(&asserted[0])[0]).as_str(), Some(needed));
    }
}

#[test]
fn the_runbook_restores_by_what_the_template_has() {
    let template = template();
    let runbook = include_str!("../../../../docs/runbook.md");
    let (_, section) = runbook.split_once("\n## Restore the table\n").unwrap();
    let (section, _) = section.split_once("\n## ").unwrap();
    for parameter in ["ExistingTable", "ExistingTableStream", "ExistingTableKeyArn", "ScheduleState"] {
        assert!(section.contains(&format!("{parameter} = ")), "{parameter}");
        assert!(template["Parameters"].get(parameter).is_some(), "{parameter}");
    }
    let outputs: Vec<&str> =
        section.lines().filter_map(|line| line.split_once("=$(output ")).map(|(_, rest)| rest).collect();
    assert_eq!(outputs, ["TableName)", "TableKeyArn)"]);
    for output in outputs {
        assert!(template["Outputs"].get(output.trim_end_matches(')')).is_some(), "{output}");
    }
    // What a restored table has not of itself, and the template gives the stack's own.
    let table = resources(&template, "AWS::DynamoDB::Table").remove("Table").unwrap();
    for text in [
        format!("AttributeName={}", text(&table, &["TimeToLiveSpecification", "AttributeName"])),
        format!("StreamViewType={}", text(&table, &["StreamSpecification", "StreamViewType"])),
        "PointInTimeRecoveryEnabled=true".to_owned(),
        "--deletion-protection-enabled".to_owned(),
    ] {
        assert!(section.contains(&text), "{text}");
    }
}
