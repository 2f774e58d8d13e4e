//! What the process grows by, for each claim and each bucket, at a million and at ten million of them. Each figure is
//! that of a process of its own: memory that was given back once is not grown into again.

use consentgate::{
    Memory, Millis, Timestamp,
    core::{
        Rate,
        stores::{AdmissionStore, Admit, AdmitReply, Bucket},
    },
    ids::{ClaimKey, Owner, Pseudonym, SiteId},
};
use consentgate_benches::{
    event::now,
    measured::{Asked, Figures, number, resident, write},
    ours,
};
use std::{
    env,
    process::{Command, Stdio},
};

const CHILD: &str = "CONSENTGATE_BENCH_GROWTH";

/// Names that look like hashes, all different: an odd number times a counter.
fn name(number: u64) -> [u8; 16] {
    u128::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835).to_le_bytes()
}

fn admit(memory: &Memory, site: &SiteId, claims: &[ClaimKey], buckets: &[Bucket], at: Timestamp) {
    let request = Admit {
        site,
        claims,
        owner: Owner::from_bytes([1; 16]),
        lease: Millis(30_000),
        keep: Millis(600_000),
        claims_per_site_max: u64::MAX,
        buckets_per_site_max: u64::MAX,
        buckets,
    };
    let reply = memory.admit(&request, at).unwrap_or_else(|error| panic!("{error:?}"));
    assert_eq!(reply, AdmitReply::Admitted { takeover: false });
}

/// Bytes an entry.
fn grown(what: &str, count: u64) -> f64 {
    let memory = Memory::new(&ours::config(20).common().caps);
    let site = SiteId::new("acme").unwrap_or_else(|| unreachable!("a good name"));
    let rate = Rate::token_bucket(20, 20);
    let before = resident();
    for each in 0..count {
        let mut long = [0; 32];
        long[..16].copy_from_slice(&name(each));
        match what {
            "claims" => admit(&memory, &site, &[ClaimKey::Event(long)], &[], now()),
            _ => {
                let key = Pseudonym::from_bytes(name(each));
                admit(&memory, &site, &[], &[Bucket { name: "fingerprint", key, rate }], now());
            }
        }
    }
    (resident() - before) as f64 / count as f64
}

/// The same, in a process of its own.
fn apart(what: &str, count: u64) -> f64 {
    let program = env::current_exe().unwrap_or_else(|error| panic!("{error}"));
    let mut child = Command::new(program);
    child.env(CHILD, format!("{what} {count}")).stderr(Stdio::inherit());
    let output = child.output().unwrap_or_else(|error| panic!("{error}"));
    let said = String::from_utf8_lossy(&output.stdout);
    number(&said).unwrap_or_else(|| panic!("{what}: {said}"))
}

fn main() {
    if let Some((what, count)) = env::var(CHILD).ok().as_deref().and_then(|own| own.split_once(' '))
    {
        println!("{}", grown(what, count.parse().unwrap_or(0)));
        return;
    }
    let asked = Asked::new();
    if !asked.theme("growth") {
        return;
    }
    let mut figures = Figures::new();
    for what in ["claims", "buckets"] {
        for count in if asked.quick { vec![10_000] } else { vec![1_000_000, 10_000_000] } {
            let bytes = apart(what, count);
            println!("growth/{what}-{count}: {bytes:.1} bytes each");
            figures.insert(format!("growth/{what}-{count}"), vec![bytes]);
        }
    }
    if !asked.quick {
        write("growth", &figures);
    }
}
