//! The tables of `docs/codes.md`.

use crate::file;
use consentgate::{
    AuditMemory, FlowName, Gate, Outcome, Reason, Role, Stage,
    core::{Answer, PublicCode},
};
use serde_json::Value;

/// The rows of the tables below a heading of `docs/codes.md`: cells without their back-ticks.
fn rows(heading: &str) -> Vec<Vec<String>> {
    let page = file("docs/codes.md");
    let start = page.find(&format!("\n## {heading}\n")).unwrap_or_else(|| panic!("no {heading}"));
    let section = &page[start + 4..];
    let section = section.split("\n## ").next().unwrap();
    let tables = section.lines().filter(|line| line.starts_with("| "));
    let rows: Vec<Vec<String>> = tables.skip(1).map(cells).collect();
    assert!(!rows.is_empty(), "{heading} has no table");
    rows
}

fn cells(line: &str) -> Vec<String> {
    let inner = line.trim_matches('|').split('|').map(str::trim);
    let plain = |cell: &str| match cell.strip_prefix('`').and_then(|cell| cell.strip_suffix('`')) {
        Some(code) if !code.contains('`') => code.to_owned(),
        _ => cell.to_owned(),
    };
    inner.map(plain).collect()
}

fn first_cells(heading: &str) -> Vec<String> {
    rows(heading).into_iter().map(|row| row[0].clone()).collect()
}

#[test]
fn every_answer_of_every_flow_is_in_its_table_in_order() {
    for flow in FlowName::ALL {
        let documented = rows(&format!("`{flow}`"));
        let code: Vec<Vec<String>> = flow
            .table()
            .iter()
            .map(|(stage, reason)| {
                let answer = reason.answer();
                let public = match answer {
                    Answer::Refused(code) => code.as_str(),
                    _ => "–",
                };
                let (outcome, status) = (reason.outcome(), answer.status().to_string());
                let row = [
                    stage.as_str(),
                    reason.as_str(),
                    outcome.as_str(),
                    &status,
                    public,
                    reason.sentence(),
                ];
                row.map(str::to_owned).to_vec()
            })
            .collect();
        assert_eq!(documented, code, "{flow}");
    }
}

#[test]
fn every_reason_is_given_by_some_flow() {
    for reason in Reason::ALL {
        let given = |flow: &&FlowName| flow.table().iter().any(|(_, own)| own == reason);
        assert!(FlowName::ALL.iter().any(|flow| given(&flow)), "{reason}");
    }
}

#[test]
fn outcomes_and_stages_are_listed() {
    let names: Vec<_> = Outcome::ALL.iter().map(|outcome| outcome.as_str()).collect();
    assert_eq!(first_cells("Outcomes"), names);
    let names: Vec<_> = Stage::ALL.iter().map(|stage| stage.as_str()).collect();
    assert_eq!(first_cells("Stages"), names);
}

#[test]
fn public_codes_are_listed_with_the_titles_that_are_sent() {
    // The core's tests hold these bodies against the code.
    let wire: Value = serde_json::from_str(&file("conformance/vectors/wire.json")).unwrap();
    let bodies = wire["cases"].as_array().unwrap().iter();
    let bodies: Vec<Value> = bodies
        .filter_map(|case| serde_json::from_str(case["body"].as_str().unwrap()).ok())
        .collect();
    let sent = PublicCode::ALL.iter().map(|code| {
        let body = bodies.iter().find(|body| body["code"] == code.as_str()).unwrap();
        let title = body["title"].as_str().unwrap().to_owned();
        vec![code.status().to_string(), code.as_str().to_owned(), title]
    });
    assert_eq!(rows("Public codes"), sent.collect::<Vec<_>>());
}

#[test]
fn metrics_are_listed_with_their_help() {
    let gate = Gate::from_json(br#"{"sites": {}}"#).unwrap();
    assert!(!gate.metrics().contains("audit"), "only where it has the role");
    let text = gate.with_audit(AuditMemory::new(0)).metrics();
    let helps = text.lines().filter_map(|line| line.strip_prefix("# HELP "));
    let helps = helps.map(|line| {
        let (name, help) = line.split_once(' ').unwrap();
        vec![name.to_owned(), help.to_owned()]
    });
    assert_eq!(rows("Metrics"), helps.collect::<Vec<_>>());
    let types = text.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    let gauges: Vec<_> = types.filter_map(|line| line.strip_suffix(" gauge")).collect();
    assert_eq!(gauges, ["consentgate_audit_backlog", "consentgate_store_resting"]);
    for role in Role::ALL {
        let resting = format!("\nconsentgate_store_resting{{role=\"{}\"}} 0\n", role.as_str());
        assert!(text.contains(&resting), "{text}");
    }
}
