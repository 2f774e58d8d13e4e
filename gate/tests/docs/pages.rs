//! What the pages point to is there.

use crate::{file, root};

/// The pages that people read, as paths from the root of the repository.
const PAGES: &[&str] = &[
    "README.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "CHANGELOG.md",
    "alerts/README.md",
    "conformance/README.md",
    "docs/architecture.md",
    "docs/assurance.md",
    "docs/codes.md",
    "docs/decisions.md",
    "docs/devices.md",
    "docs/laws.md",
    "docs/operations.md",
    "docs/schemes.md",
    "docs/stores.md",
    "docs/tenancy.md",
    "examples/README.md",
    "stores/postgres/README.md",
    "stores/redis/README.md",
    "stores/sqlite/README.md",
];

#[test]
fn every_link_within_the_repository_leads_somewhere() {
    let mut count = 0;
    for page in PAGES {
        let text = file(page);
        let links = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        for link in links.filter(|link| !link.contains("://")) {
            let target = link.split('#').next().unwrap();
            let place = root().join(page).parent().unwrap().join(target);
            assert!(place.exists(), "{page}: {link}");
            count += 1;
        }
    }
    assert!(count > 20, "{count}");
}

#[test]
fn every_law_has_its_heading() {
    let page = file("docs/laws.md");
    let headings = page.lines().filter_map(|line| line.strip_prefix("## "));
    let numbers: Vec<_> = headings.map(|heading| heading.split('.').next().unwrap()).collect();
    assert_eq!(numbers, ["1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12"]);
}

#[test]
fn the_tests_that_hold_a_law_are_there() {
    let page = file("docs/laws.md");
    let cited = page.split('`').skip(1).step_by(2);
    let mut count = 0;
    for path in cited.filter(|text| text.is_ascii() && !text.contains(' ')) {
        let path = match path.split_once('/') {
            Some(("laws", _)) => format!("gate/tests/{path}"),
            Some(_) => path.to_owned(),
            None if path.ends_with(".json") => format!("conformance/vectors/{path}"),
            None => continue,
        };
        assert!(root().join(&path).exists(), "{path}");
        count += 1;
    }
    assert!(count > 40, "{count}");
}
