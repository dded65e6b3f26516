//! The alarms: each on a metric that is there, each with a section of the runbook, and each telling somebody.

use std::collections::BTreeSet;

use keyward_aws::resource_id;
use keyward_service::sweeps::Sweep;
use serde_yaml_ng::Value;

use super::{at, chosen, resources, template, text};

#[test]
fn the_alarms_on_sweeps_are_on_metrics_that_sweeps_write() {
    let template = template();
    let alarms = resources(&template, "AWS::CloudWatch::Alarm");
    let own = alarms.values().filter(|alarm| at(alarm, &["Namespace"]).as_str() == Some("AWS::StackName"));
    let names: BTreeSet<String> = own.map(|alarm| text(alarm, &["MetricName"])).collect();
    let expected =
        ["LongestWait", "OldestNoticeSeconds", "RecipientsGivenUp", "RowsFailed", "RowsLookedAt", "RunsThatLeftWork"];
    assert_eq!(names.iter().collect::<Vec<_>>(), expected);
    let source = include_str!("../../../../functions/src/metrics.rs");
    for name in names {
        assert!(source.contains(&format!("(\"{name}\", ")), "{name}");
    }
    let variables = at(&template, &["Globals", "Function", "Environment", "Variables"]);
    assert_eq!(text(variables, &["KEYWARD_METRICS"]), "AWS::StackName");
}

#[test]
fn that_a_sweep_does_not_run_is_told_by_what_only_its_runs_write() {
    let alarms = resources(&template(), "AWS::CloudWatch::Alarm");
    for sweep in Sweep::ALL {
        let alarm = &alarms[&format!("{}MissingAlarm", resource_id(sweep.as_str()))];
        assert_eq!(text(alarm, &["Namespace"]), "AWS::StackName");
        let dimension = &at(alarm, &["Dimensions"]).as_sequence().unwrap()[0];
        assert_eq!((text(dimension, &["Name"]), text(dimension, &["Value"])), ("Sweep".into(), sweep.as_str().into()));
        assert_eq!(
            (text(alarm, &["Statistic"]), text(alarm, &["TreatMissingData"])),
            ("SampleCount".into(), "breaching".into())
        );
    }
}

#[test]
fn the_alarm_on_throttling_looks_at_the_table_and_at_its_index() {
    let alarm = resources(&template(), "AWS::CloudWatch::Alarm").remove("TableThrottledAlarm").unwrap();
    let mut seen = BTreeSet::new();
    for metric in at(&alarm, &["Metrics"]).as_sequence().unwrap() {
        if metric.get("MetricStat").is_none() {
            continue;
        }
        let dimensions = at(metric, &["MetricStat", "Metric", "Dimensions"]).as_sequence().unwrap();
        assert_eq!(chosen(&dimensions[0], &["Value"]), ["OwnTable", "Table", "ExistingTable"]);
        let index = dimensions.get(1).map(|dimension| {
            assert_eq!(text(dimension, &["Name"]), "GlobalSecondaryIndexName");
            text(dimension, &["Value"])
        });
        seen.insert((text(metric, &["MetricStat", "Metric", "MetricName"]), index));
    }
    let both = |index: Option<&str>| {
        ["ReadThrottleEvents", "WriteThrottleEvents"].map(|name| (name.to_owned(), index.map(str::to_owned)))
    };
    assert_eq!(seen, BTreeSet::from_iter(both(None).into_iter().chain(both(Some("due")))));
}

/// The rules that tell the topic of the alarms.
fn rules_that_tell(template: &Value) -> Vec<Value> {
    let rules = resources(template, "AWS::Events::Rule");
    let target = |rule: &Value| text(&at(rule, &["Targets"]).as_sequence().unwrap()[0], &["Arn"]);
    rules.into_values().filter(|rule| target(rule) == "Alarms").collect()
}

#[test]
fn the_runbook_has_a_section_for_every_alarm() {
    let template = template();
    let alarms = resources(&template, "AWS::CloudWatch::Alarm");
    let told = alarms.values().map(|alarm| text(alarm, &["AlarmDescription"]));
    let told = told.chain(rules_that_tell(&template).into_iter().map(|rule| text(&rule, &["Description"])));
    let names: BTreeSet<String> = told.map(|told| told.split_once(": ").unwrap().0.to_owned()).collect();
    let runbook = include_str!("../../../../docs/runbook.md");
    // Sections of alarms are in the alarms' words; those of other trouble begin with a capital letter.
    let sections = runbook.lines().filter_map(|line| line.strip_prefix("## ")).map(str::to_owned);
    let sections: BTreeSet<String> = sections.filter(|name| name.starts_with(|c: char| c.is_lowercase())).collect();
    assert_eq!(sections, names);
}

#[test]
fn what_endangers_the_key_of_the_table_is_told_as_it_happens() {
    let template = template();
    let rule = rules_that_tell(&template).pop().unwrap();
    let names = at(&rule, &["EventPattern", "detail", "eventName"]).as_sequence().unwrap();
    let names: BTreeSet<&str> = names.iter().map(|name| name.as_str().unwrap()).collect();
    let expected = ["DisableKey", "PutKeyPolicy", "RetireGrant", "RevokeGrant", "ScheduleKeyDeletion"];
    assert_eq!(names, BTreeSet::from(expected));
    let ways = at(&rule, &["EventPattern", "detail", "$or"]).as_sequence().unwrap();
    let key = ["OwnTableKey", "TableKey.Arn", "ExistingTableKeyArn"];
    assert_eq!(chosen(&at(&ways[0], &["resources", "ARN"])[0], &[]), key);
    assert_eq!(chosen(&at(&ways[1], &["requestParameters", "keyId"])[0], &[]), key);
    let target = &at(&rule, &["Targets"]).as_sequence().unwrap()[0];
    assert_eq!(text(target, &["DeadLetterConfig", "Arn"]), "TableKeyEventsUndelivered.Arn");
    let policy = resources(&template, "AWS::SNS::TopicPolicy").remove("AlarmsPolicy").unwrap();
    let statements = at(&policy, &["PolicyDocument", "Statement"]).as_sequence().unwrap();
    let of = |service: &str| {
        let found = statements.iter().find(|statement| text(statement, &["Principal", "Service"]) == service);
        found.unwrap_or_else(|| panic!("{service} may not publish")).clone()
    };
    assert!(of("cloudwatch.amazonaws.com").get("Condition").is_some());
    assert!(of("events.amazonaws.com").get("Condition").is_none(), "EventBridge gives SNS nothing to hold it to");
    assert_eq!(statements.len(), 2);
}

#[test]
fn every_queue_of_what_failed_has_its_alarm_and_every_rule_such_a_queue() {
    let template = template();
    let alarms = resources(&template, "AWS::CloudWatch::Alarm");
    let watched: BTreeSet<String> = alarms
        .values()
        .filter(|alarm| at(alarm, &["Namespace"]).as_str() == Some("AWS/SQS"))
        .map(|alarm| text(&at(alarm, &["Dimensions"])[0], &["Value"]).replace(".QueueName", ""))
        .collect();
    let queues = resources(&template, "AWS::SQS::Queue");
    assert_eq!(watched, queues.keys().cloned().collect());
    let policies = resources(&template, "AWS::SQS::QueuePolicy");
    for (id, rule) in resources(&template, "AWS::Events::Rule") {
        let target = &at(&rule, &["Targets"]).as_sequence().unwrap()[0];
        let queue = text(target, &["DeadLetterConfig", "Arn"]).replace(".Arn", "");
        let statement = &at(&policies[&format!("{queue}Policy")], &["PolicyDocument", "Statement"])[0];
        assert_eq!(text(statement, &["Condition", "ArnEquals", "aws:SourceArn"]), format!("{id}.Arn"));
    }
}

#[test]
fn the_dashboard_is_the_stack_s_and_the_region_s_and_can_be_read() {
    let dashboard = resources(&template(), "AWS::CloudWatch::Dashboard").remove("Dashboard").unwrap();
    assert_eq!(text(&dashboard, &["DashboardName"]), "${AWS::StackName}-${AWS::Region}");
    let body: serde_json::Value = serde_json::from_str(&text(&dashboard, &["DashboardBody"])).unwrap();
    for widget in body["widgets"].as_array().unwrap() {
        for metric in widget["properties"]["metrics"].as_array().unwrap() {
            let parts = metric.as_array().unwrap();
            let texts = parts.iter().filter(|part| part.is_string()).count();
            // Namespace, name and pairs, or `...` and what changes.
            assert!(texts.is_multiple_of(2) || parts[0] == "...", "{metric}");
        }
    }
}
