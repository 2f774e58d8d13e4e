//! Each seeded fault is found by the property that it is meant for; a model that finds none proves nothing.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use consentgate_proof::model::{Bent, Spoilt, explore, setups};

/// The setup, the fault in the store or before it, and the law that has to be named.
const SPOILT: &[(&str, Spoilt, &str)] = &[
    ("three copies", Spoilt::SettleComparesNoOwner, "law 3: two flows are at work"),
    ("two copies", Spoilt::AdmitSpendsBeforeItJudges, "law 4: only an event that is let in"),
    ("two copies", Spoilt::TakeoverSpends, "law 4: only an event that is let in"),
    ("two copies", Spoilt::HeldIsAnsweredAsDone, "law 4: an honest retry ends without a row"),
    ("two copies", Spoilt::LeaseNeverLapses, "law 4: an honest retry never ends"),
    ("two copies", Spoilt::RowsAreNotUnique, "law 3: one event has two rows"),
    ("two copies", Spoilt::EnqueueBeforeInsert, "law 4: a job stands in the queue without its row"),
    ("two copies", Spoilt::InsertWithoutEnqueue, "law 4: "),
    ("a copy and a withdrawal", Spoilt::VersionIsNotCompared, "law 5: a row was written"),
    ("a copy, a sale, no more marketing", Spoilt::WithdrawalIsDropped, "law 7: what was withdrawn"),
    ("a withdrawal and an older grant", Spoilt::PutComparesNothing, "law 7: what was withdrawn"),
    ("a refusal and older grants of a stranger", Spoilt::PutComparesNothing, "law 7: what was"),
    (
        "a withdrawal and an older grant, both dated ahead",
        Spoilt::DatesAheadAreCut,
        "law 7: what was withdrawn",
    ),
    (
        "an erasure and a copy of a grant dated ahead",
        Spoilt::DatesAheadAreCut,
        "law 7: something of an erased person",
    ),
    ("one token", Spoilt::LimitedLeavesAClaim, "law 4: an event that is not let in"),
    ("three webhooks", Spoilt::SettleComparesNoOwner, "law 3: work is committed while another"),
    ("two webhooks", Spoilt::LeaseNeverLapses, "law 4: an honest retry never ends"),
    ("two webhooks", Spoilt::HeldIsAnsweredAsDone, "law 4: an honest retry ends without a row"),
    ("two webhooks", Spoilt::AdmitSpendsBeforeItJudges, "law 4: only an event that is let in"),
    ("two webhooks", Spoilt::TakeoverSpends, "law 4: only an event that is let in"),
    ("one token for webhooks", Spoilt::LimitedLeavesAClaim, "law 4: an event that is not let in"),
    ("three copies of a device's request", Spoilt::UsedIsLetIn, "law 3: a nonce is accepted twice"),
    ("three copies of a device's request", Spoilt::AdmitSpendsBeforeItJudges, "law 4: only an"),
    ("a device with one token", Spoilt::LimitedLeavesAClaim, "law 4: an event that is not let in"),
    ("a device with one token", Spoilt::LimitedSpendsTheFirst, "law 4: only an event that is let"),
];

/// The same for faults in a flow.
const BENT: &[(&str, Bent, &str)] = &[
    ("two copies", Bent::ReleasesAfterRecord, "law 4: nothing is released once"),
    ("two copies", Bent::RefusesWhatFailed, "law 4: an honest event was burnt"),
    ("two copies", Bent::LooksUpBeforeItAdmits, "law 1: effects happen in the frozen order"),
    ("two copies", Bent::AcceptsBeforeItKnows, "law 4: the answer names a row"),
    ("a rotation between two copies", Bent::ClaimsUnderTheFirstKeyOnly, "law 3: "),
    ("two webhooks", Bent::ReleasesAfterCommit, "law 4: nothing is released once the host's own"),
    ("two webhooks", Bent::CommitsWhatFailed, "law 4: nothing is committed as accepted"),
    ("two webhooks", Bent::RefusesWhatFailed, "law 4: an honest event was burnt"),
    ("two webhooks", Bent::KeepsItsFirstClaim, "law 4: what is released leaves a claim"),
    ("two webhooks", Bent::AcceptsBeforeTheWork, "law 4: an event is accepted before the host's"),
    ("two webhooks", Bent::HeldIsADuplicate, "law 4: an honest retry ends without"),
    ("two webhooks", Bent::LostIsCommitted, "law 4: the answer tells of work that nobody"),
    ("two webhooks, one signed anew", Bent::CommitsAllAtOnce, "law 3: work is committed while"),
    ("webhooks without an id, a key added between", Bent::CommitsAllAtOnce, "law 3: work is"),
    ("three copies of a device's request", Bent::NonceIsLeased, "law 3: a nonce is accepted twice"),
    ("three copies of a device's request", Bent::NonceIsGivenBack, "law 1: effects happen in the"),
];

fn found(name: &str, spoilt: Option<Spoilt>, bent: Option<Bent>, law: &str) {
    let setup = setups().into_iter().find(|setup| setup.name == name).unwrap();
    let report = explore(setup.with_faults(1), spoilt, bent);
    let found = report.found.unwrap_or_else(|| panic!("{spoilt:?} {bent:?} is not found"));
    println!("{spoilt:?} {bent:?}: {} steps to {}", found.trace.len() - 1, found.law);
    assert!(found.law.starts_with(law), "{spoilt:?} {bent:?}: {found}");
}

#[test]
fn faults_of_the_store_are_found_by_the_law_they_break() {
    for (setup, spoilt, law) in SPOILT {
        found(setup, Some(*spoilt), None, law);
    }
}

#[test]
fn faults_of_the_flow_are_found_by_the_law_they_break() {
    for (setup, bent, law) in BENT {
        found(setup, None, Some(*bent), law);
    }
}
