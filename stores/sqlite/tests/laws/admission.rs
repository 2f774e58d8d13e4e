use super::given::*;
use consentgate::{
    Millis,
    core::stores::{AdmissionStore, AdmitReply, Done, Purge, SettleReply},
};

const HELD: fn(u64) -> AdmitReply = |ms| AdmitReply::Held { retry: Millis(ms) };

#[test]
fn field_23_held_and_done_are_told_apart_and_done_wins() {
    let store = store().sqlite;
    let first = asked("a", &[1, 2], 1);
    assert_eq!(first.admit(&store, at(0)), ADMITTED);
    assert_eq!(asked("a", &[2, 3], 2).admit(&store, at(10_000)), HELD(20_000));
    assert_eq!(asked("a", &[3], 2).admit(&store, at(10_000)), ADMITTED, "a refusal takes nothing");

    let accepted = Done::Accepted(call_id(9));
    assert_eq!(first.commit(&store, accepted, at(11_000)), SettleReply::Settled);
    assert_eq!(
        asked("a", &[1, 3], 4).admit(&store, at(12_000)),
        AdmitReply::Done(accepted),
        "done wins over held"
    );
    let refused = asked("a", &[5], 5);
    assert_eq!(refused.admit(&store, at(12_000)), ADMITTED);
    assert_eq!(refused.commit(&store, Done::Refused, at(12_000)), SettleReply::Settled);
    assert_eq!(asked("a", &[5, 6], 6).admit(&store, at(12_000)), AdmitReply::Done(Done::Refused));
    assert_eq!(asked("a", &[5, 1], 6).admit(&store, at(12_000)), AdmitReply::Done(accepted));
}

#[test]
fn law_8_the_same_claims_at_another_site_are_others() {
    let store = store().sqlite;
    assert_eq!(asked("a", &[1], 1).admit(&store, at(0)), ADMITTED);
    assert_eq!(asked("b", &[1], 1).admit(&store, at(0)), ADMITTED);
    assert_eq!(asked("a", &[1], 2).release(&store, at(0)), SettleReply::Lost);
    assert_eq!(asked("b", &[1], 1).release(&store, at(0)), SettleReply::Settled);
    assert_eq!(asked("a", &[1], 2).admit(&store, at(0)), HELD(30_000));
}

#[test]
fn field_21_a_lapsed_lease_is_taken_over_at_its_end_and_not_a_tick_before() {
    let store = store().sqlite;
    let only = [bucket("p", 1, 60_000_000)];
    assert_eq!(asked("a", &[1], 1).with(&only).admit(&store, at(0)), ADMITTED);
    let second = asked("a", &[1], 2).with(&only);
    assert_eq!(second.admit(&store, at(29_999)), HELD(1));
    assert_eq!(second.admit(&store, at(30_000)), TAKEN_OVER, "without a token: there is none");
}

#[test]
fn field_22_a_late_owner_neither_commits_nor_releases_what_its_successor_holds() {
    let store = store().sqlite;
    let (late, next) = (asked("a", &[1], 1), asked("a", &[1], 2));
    assert_eq!(late.admit(&store, at(0)), ADMITTED);
    assert_eq!(next.admit(&store, at(30_000)), TAKEN_OVER);
    assert_eq!(late.commit(&store, Done::Refused, at(30_001)), SettleReply::Lost);
    assert_eq!(late.release(&store, at(30_001)), SettleReply::Lost);
    assert_eq!(asked("a", &[1], 3).admit(&store, at(30_001)), HELD(29_999));
    assert_eq!(next.commit(&store, Done::Refused, at(30_002)), SettleReply::Settled);
    assert_eq!(next.release(&store, at(30_003)), SettleReply::Lost, "done is held by nobody");
}

#[test]
fn law_4_an_owner_settles_after_its_lease_if_nobody_took_over() {
    let store = store().sqlite;
    let late = asked("a", &[1], 1);
    assert_eq!(late.admit(&store, at(0)), ADMITTED);
    assert_eq!(late.commit(&store, Done::Refused, at(599_999)), SettleReply::Settled);
    let later = asked("a", &[2], 1);
    assert_eq!(later.admit(&store, at(0)), ADMITTED);
    assert_eq!(later.commit(&store, Done::Refused, at(600_000)), SettleReply::Lost, "forgotten");
}

#[test]
fn field_25_every_claim_lives_exactly_as_long_as_it_was_asked_for() {
    let store = store().sqlite;
    let held = asked("a", &[1], 1);
    assert_eq!(held.admit(&store, at(0)), ADMITTED);
    assert_eq!(asked("a", &[1], 2).admit(&store, at(600_000)), ADMITTED, "forgotten, not lapsed");
    assert_eq!(
        asked("a", &[1], 2).commit(&store, Done::Refused, at(600_000)),
        SettleReply::Settled
    );
    let again = asked("a", &[1], 3);
    assert_eq!(again.admit(&store, at(1_199_999)), AdmitReply::Done(Done::Refused));
    // Met again, done lives as long as this event is to be remembered.
    assert_eq!(again.admit(&store, at(1_799_998)), AdmitReply::Done(Done::Refused));
    assert_eq!(again.admit(&store, at(2_399_998)), ADMITTED);
}

#[test]
fn field_16_meeting_a_done_claim_never_shortens_its_life() {
    let store = store().sqlite;
    let done = asked("a", &[1], 1);
    assert_eq!(done.admit(&store, at(0)), ADMITTED);
    assert_eq!(done.commit(&store, Done::Refused, at(0)), SettleReply::Settled);
    let mut short = done.request();
    short.keep = Millis(1);
    let reply = store.admit(&short, at(1)).unwrap();
    assert_eq!(reply, AdmitReply::Done(Done::Refused));
    assert_eq!(asked("a", &[1], 2).admit(&store, at(599_999)), AdmitReply::Done(Done::Refused));
}

#[test]
fn field_27_buckets_give_all_or_none_and_a_denied_call_changes_nothing() {
    let store = store().sqlite;
    let (big, small) = (bucket("big", 2, 1000), bucket("small", 1, 7000));
    let both = |number, by| asked("a", &[number], by).with(&[big, small]);
    assert_eq!(both(1, 1).admit(&store, at(0)), ADMITTED);
    for _ in 0..50 {
        let limited = AdmitReply::Limited { retry: Millis(7000), bucket: 1 };
        assert_eq!(both(2, 2).admit(&store, at(0)), limited);
    }
    // The big one still has its second token, and the limited event left no claim.
    assert_eq!(asked("a", &[2], 3).with(&[big]).admit(&store, at(0)), ADMITTED);
    let limited = AdmitReply::Limited { retry: Millis(1000), bucket: 0 };
    assert_eq!(asked("a", &[4], 3).with(&[big]).admit(&store, at(0)), limited);
    assert_eq!(both(5, 3).admit(&store, at(7000)), ADMITTED);
    assert_eq!(asked("b", &[5], 3).with(&[big]).admit(&store, at(0)), ADMITTED, "law 8");
}

#[test]
fn field_32_denied_then_allowed_after_exactly_the_time_given() {
    let store = store().sqlite;
    let one = [bucket("p", 1, 3000)];
    assert_eq!(asked("a", &[1], 1).with(&one).admit(&store, at(0)), ADMITTED);
    let limited = |ms| AdmitReply::Limited { retry: Millis(ms), bucket: 0 };
    assert_eq!(asked("a", &[2], 1).with(&one).admit(&store, at(1)), limited(2999));
    assert_eq!(asked("a", &[2], 1).with(&one).admit(&store, at(2999)), limited(1));
    assert_eq!(asked("a", &[2], 1).with(&one).admit(&store, at(3000)), ADMITTED);
}

#[test]
fn field_20_a_release_gives_the_token_back_and_forgets_the_claim() {
    let store = store().sqlite;
    let one = [bucket("p", 1, 3_000_000)];
    let first = asked("a", &[1], 1).with(&one);
    assert_eq!(first.admit(&store, at(0)), ADMITTED);
    assert_eq!(first.release(&store, at(1)), SettleReply::Settled);
    assert_eq!(first.release(&store, at(1)), SettleReply::Lost);
    assert_eq!(asked("a", &[1], 2).with(&one).admit(&store, at(2)), ADMITTED);
}

#[test]
fn field_20_a_release_of_what_is_partly_taken_over_keeps_the_token_spent() {
    let store = store().sqlite;
    let one = [bucket("p", 1, 3_000_000)];
    let first = asked("a", &[1, 2], 1).with(&one);
    assert_eq!(first.admit(&store, at(0)), ADMITTED);
    assert_eq!(asked("a", &[2], 2).with(&one).admit(&store, at(30_000)), TAKEN_OVER);
    assert_eq!(first.release(&store, at(30_001)), SettleReply::Settled);
    let reply = asked("a", &[1], 3).with(&one).admit(&store, at(30_001));
    assert!(matches!(reply, AdmitReply::Limited { .. }), "{reply:?}");
}

#[test]
fn a_statement_claims_nothing_and_spends_tokens_all_the_same() {
    let store = store().sqlite;
    let one = [bucket("ip", 1, 1000)];
    let statement = asked("a", &[], 1).with(&one).at_most(0);
    assert_eq!(statement.admit(&store, at(0)), ADMITTED);
    let limited = AdmitReply::Limited { retry: Millis(1000), bucket: 0 };
    assert_eq!(statement.admit(&store, at(0)), limited);
    assert_eq!(statement.release(&store, at(0)), SettleReply::Lost, "it held nothing");
}

#[test]
fn law_10_a_clock_that_steps_back_locks_nobody_out_longer_than_a_lease_or_one_token() {
    let store = store().sqlite;
    let one = [bucket("p", 2, 1000)];
    assert_eq!(asked("a", &[1], 1).with(&one).admit(&store, at(90_000_000)), ADMITTED);
    assert_eq!(asked("a", &[2], 1).with(&one).admit(&store, at(90_000_000)), ADMITTED);
    // A day back.
    assert_eq!(asked("a", &[1], 2).with(&one).admit(&store, at(0)), HELD(30_000));
    assert_eq!(
        asked("a", &[1], 2).with(&one).admit(&store, at(10_000)),
        HELD(20_000),
        "it was kept"
    );
    let limited = |ms| AdmitReply::Limited { retry: Millis(ms), bucket: 0 };
    assert_eq!(asked("a", &[3], 2).with(&one).admit(&store, at(0)), limited(1000));
    assert_eq!(asked("a", &[3], 2).with(&one).admit(&store, at(400)), limited(600), "it was kept");
    assert_eq!(asked("a", &[3], 2).with(&one).admit(&store, at(1000)), ADMITTED);
    assert_eq!(asked("a", &[1], 2).with(&one).admit(&store, at(30_000)), TAKEN_OVER);
}

#[test]
fn law_9_a_full_site_refuses_and_forgets_nothing_alive_and_others_go_on() {
    let store = store().sqlite;
    assert_eq!(asked("a", &[1, 2], 1).at_most(3).admit(&store, at(0)), ADMITTED);
    let two_more = asked("a", &[3, 4], 2).at_most(3);
    assert_eq!(two_more.admit(&store, at(1)), AdmitReply::Full);
    assert_eq!(asked("a", &[3], 2).at_most(3).admit(&store, at(1)), ADMITTED);
    assert_eq!(asked("b", &[1, 2, 3], 2).at_most(3).admit(&store, at(1)), ADMITTED);
    assert_eq!(asked("a", &[1], 3).at_most(3).admit(&store, at(1)), HELD(29_999));
    assert_eq!(
        asked("a", &[1], 3).at_most(3).admit(&store, at(30_000)),
        TAKEN_OVER,
        "in its place"
    );
    // What is over makes room.
    let others = asked("a", &[5, 6], 2).at_most(3);
    assert_eq!(others.admit(&store, at(600_000)), AdmitReply::Full);
    assert_eq!(others.admit(&store, at(600_001)), ADMITTED);
}

#[test]
fn law_9_full_buckets_refuse_until_one_has_filled_up() {
    let store = store().sqlite;
    let ask = |number, name| {
        let asked = asked("a", &[number], 1).with(&[bucket(name, 2, 1000)]);
        Asked { most_buckets: 1, ..asked }
    };
    assert_eq!(ask(1, "p").admit(&store, at(0)), ADMITTED);
    assert_eq!(ask(2, "q").admit(&store, at(999)), AdmitReply::Full);
    assert_eq!(ask(2, "p").admit(&store, at(999)), ADMITTED, "full left no claim either");
    assert_eq!(ask(3, "q").admit(&store, at(1999)), AdmitReply::Full);
    assert_eq!(ask(3, "q").admit(&store, at(2000)), ADMITTED);
}

#[test]
fn field_31_purge_drops_what_is_over_up_to_its_limit_and_nothing_else() {
    let store = store().sqlite;
    for number in 0..10 {
        let one = [bucket(&format!("p{number}"), 2, 1000)];
        assert_eq!(asked("a", &[number], 1).with(&one).admit(&store, at(0)), ADMITTED);
        assert_eq!(asked("b", &[number], 1).admit(&store, at(i64::from(number))), ADMITTED);
    }
    let purge = |limit, ms| AdmissionStore::purge(&store, &Purge { limit }, at(ms)).unwrap();
    assert_eq!(purge(100, 999), 0);
    // The buckets are full again; each call drops a few by itself, so that fewer are left than were made.
    let dropped = purge(3, 1000);
    assert!(dropped <= 3);
    purge(u64::MAX, 1000);
    assert_eq!(purge(100, 1000), 0);
    assert_eq!(asked("a", &[1], 2).admit(&store, at(1000)), HELD(29_000), "alive");
    purge(u64::MAX, 600_005);
    assert_eq!(asked("b", &[5], 2).admit(&store, at(600_005)), ADMITTED);
    assert_eq!(asked("b", &[6], 2).admit(&store, at(600_005)), TAKEN_OVER, "kept to its end");
}
