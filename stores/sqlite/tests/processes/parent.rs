use super::given::*;
use consentgate_sqlite::{Sqlite, SqliteAudit};
use std::{
    env, fs,
    io::{BufRead, BufReader},
    os::unix::{fs::PermissionsExt, process::CommandExt},
    path::Path,
    process::{Child, Command, Stdio},
};
use tempfile::TempDir;

pub fn child(role: &str, path: &Path, seed: u8) -> Command {
    let mut command = Command::new(env::current_exe().unwrap());
    command.env(ROLE, role).env(PATH, path).env(SEED, seed.to_string());
    command
}

pub fn started(role: &str, path: &Path, seed: u8) -> Child {
    child(role, path, seed).stdout(Stdio::piped()).spawn().unwrap()
}

fn said(child: Child) -> String {
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap()
}

pub fn same_events() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("gate.db");
    let children: Vec<_> = (1..=2).map(|seed| started("same events", &path, seed)).collect();
    let (mut admitted, mut inserted) = (0, 0);
    for child in children {
        let said = said(child);
        let mut counts = said.split_whitespace().map(|count| count.parse::<u32>().unwrap());
        admitted += counts.next().unwrap();
        inserted += counts.next().unwrap();
    }
    assert_eq!((admitted, inserted), (40, 40));
    assert_eq!(count(&path, "SELECT count(*) FROM calls"), 40);
    assert_eq!(count(&path, "SELECT count(*) FROM jobs"), 40);
    assert_eq!(count(&path, "SELECT count(*) FROM claims WHERE state = 1"), 40);
}

pub fn both_get_their_turn() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("gate.db");
    let children: Vec<_> = (1..=3).map(|seed| started("busy", &path, seed)).collect();
    for child in children {
        said(child);
    }
    assert_eq!(count(&path, "SELECT count(*) FROM claims"), 3 * 8 * 150);
}

pub fn killed() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("gate.db");
    let mut answered = Vec::new();
    for seed in 1..=4_u8 {
        let mut child = started("storm", &path, seed);
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        for line in lines.by_ref().take(100 + 50 * usize::from(seed)) {
            answered.push(line.unwrap());
        }
        child.kill().unwrap();
        // What was said before the kill is still in the pipe; a line that was cut says nothing.
        answered.extend(lines.map_while(Result::ok).filter(|line| line.len() == 32));
        child.wait().unwrap();
        // The next one starts on what the killed one left: its log, and its locks, which are gone with it.
    }
    let store = Sqlite::open(&path).unwrap();
    drop(store);
    for id in &answered {
        let sql = format!(
            "SELECT count(*) FROM calls JOIN jobs ON jobs.call = calls.id WHERE key = x'{id}'"
        );
        assert_eq!(count(&path, &sql), 1, "an answered call is gone");
    }
    assert!(answered.len() >= 900);
    let calls = count(&path, "SELECT count(*) FROM calls");
    assert_eq!(count(&path, "SELECT count(*) FROM jobs"), calls);
    assert_eq!(count(&path, "SELECT sum(n) FROM usage WHERE what = 6"), calls);
    let sound = "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check = 'ok'";
    assert_eq!(count(&path, sound), 1);
}

pub fn read_only() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("gate.db");
    let audit = folder.path().join("audit.db");
    drop((Sqlite::open(&path).unwrap(), SqliteAudit::open(&audit).unwrap()));
    for path in [&path, &audit] {
        fs::set_permissions(path, fs::Permissions::from_mode(0o444)).unwrap();
    }
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
    // The program may lie where only its owner may look: a copy of it for everybody.
    let program = folder.path().join("program");
    fs::copy(env::current_exe().unwrap(), &program).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    for (role, path) in [("open", &path), ("open audit", &audit)] {
        let mut command = Command::new(&program);
        command.env(ROLE, role).env(PATH, path).env(SEED, "0").stdout(Stdio::piped());
        // Nobody else's permissions hold for the superuser.
        // SAFETY: asks for a number and changes nothing.
        if unsafe { libc::geteuid() } == 0 {
            command.uid(65_534).gid(65_534);
        }
        assert_eq!(said(command.spawn().unwrap()).trim(), READ_ONLY);
    }
}
