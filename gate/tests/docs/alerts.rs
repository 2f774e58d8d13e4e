//! `alerts/`: what its rules and its dashboard name is counted, and each alert has its page for the night and its tests.

use crate::file;
use consentgate::{AuditMemory, Gate};
use std::collections::{BTreeMap, BTreeSet};

fn metrics() -> String {
    let gate = Gate::from_json(br#"{"sites": {}}"#).unwrap();
    gate.with_audit(AuditMemory::new(0)).metrics()
}

fn exported(metrics: &str) -> BTreeSet<&str> {
    let helps = metrics.lines().filter_map(|line| line.strip_prefix("# HELP "));
    helps.filter_map(|line| line.split(' ').next()).collect()
}

/// The words of a text that begin as metrics of the gate (`consentgate_`) or recorded series (`consentgate:`) do.
fn named<'a>(text: &'a str, beginning: &str) -> BTreeSet<&'a str> {
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == ':'));
    words.filter(|word| word.starts_with(beginning)).collect()
}

/// The alerts of the rules, each with its lines.
fn alerts(rules: &str) -> BTreeMap<&str, &str> {
    let alerts = rules.split("- alert: ").skip(1);
    alerts.filter_map(|alert| alert.split_once('\n')).collect()
}

#[test]
fn what_rules_and_dashboard_name_is_exported() {
    let (metrics, rules) = (metrics(), file("alerts/rules.yml"));
    let (exported, dashboard) = (exported(&metrics), file("alerts/dashboard.json"));
    for (text, least) in [(&rules, 10), (&dashboard, exported.len())] {
        let named = named(text, "consentgate_");
        assert_eq!(named.difference(&exported).collect::<Vec<_>>(), Vec::<&&str>::new());
        assert!(named.len() >= least, "{named:?}");
    }
}

#[test]
fn what_rules_and_dashboard_select_by_is_a_label_of_the_metric() {
    let metrics = metrics();
    let mut count = 0;
    for page in ["alerts/rules.yml", "alerts/dashboard.json"] {
        let text = file(page).replace("\\\"", "\"");
        for (before, after) in text.match_indices('{').map(|(at, _)| text.split_at(at)) {
            let mut words = before.rsplit(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
            let name = words.next().unwrap();
            if !name.starts_with("consentgate_") {
                continue;
            }
            for matcher in after[1..].split('}').next().unwrap().split(", ") {
                let (label, values) = matcher.split_once('=').unwrap();
                let values = values.trim_start_matches('~').trim_matches('"');
                // The job is a label of whoever scrapes.
                for value in values.split('|').filter(|_| label != "job") {
                    let pair = format!("{label}=\"{value}\"");
                    let has_it = |line: &&str| line.starts_with(name) && line.contains(&pair);
                    assert!(metrics.lines().any(|line| has_it(&line)), "{page}: {name} {pair}");
                    count += 1;
                }
            }
        }
    }
    assert!(count > 15, "{count}");
}

#[test]
fn what_is_used_as_recorded_is_recorded() {
    let rules = file("alerts/rules.yml");
    let recorded = rules.lines().filter_map(|line| line.trim().strip_prefix("- record: "));
    let recorded: BTreeSet<_> = recorded.collect();
    for page in ["alerts/rules.yml", "alerts/dashboard.json"] {
        assert_eq!(named(&file(page), "consentgate:"), recorded, "{page}");
    }
}

#[test]
fn every_alert_has_its_section_of_the_page_for_the_night() {
    let (rules, page) = (file("alerts/rules.yml"), file("docs/operations.md"));
    let place = "https://github.com/consentgate/consentgate/blob/main/docs/operations.md";
    let sections = page.lines().filter_map(|line| line.strip_prefix("### Consentgate"));
    let sections: Vec<_> = sections.map(|name| format!("Consentgate{name}")).collect();
    let alerts_in_order = rules.lines().filter_map(|line| line.trim().strip_prefix("- alert: "));
    assert_eq!(sections, alerts_in_order.collect::<Vec<_>>());
    for (alert, lines) in alerts(&rules) {
        let runbook = format!("runbook_url: {place}#{}\n", alert.to_lowercase());
        assert!(lines.contains(&runbook), "{alert}: {runbook}");
        let severities = ["critical", "warning"];
        let severity = severities.map(|name| lines.matches(&format!("severity: {name}")).count());
        assert_eq!(severity.iter().sum::<usize>(), 1, "{alert}");
    }
}

#[test]
fn every_alert_is_tested_quiet_and_firing() {
    let (rules, tests) = (file("alerts/rules.yml"), file("alerts/rules_test.yml"));
    for (alert, _) in alerts(&rules) {
        let quiet = |line: &str| {
            line.contains(&format!("alertname: {alert},")) && line.ends_with("exp_alerts: [] }")
        };
        assert!(tests.lines().any(quiet), "{alert} is never quiet");
        let rest = tests.split_once(&format!("- alertname: {alert}\n")).map(|(_, rest)| rest);
        let fires = |rest: &str| rest.lines().nth(2).unwrap().contains("- exp_labels:");
        assert!(rest.is_some_and(fires), "{alert} never fires");
    }
    assert!(alerts(&rules).len() > 10);
}
