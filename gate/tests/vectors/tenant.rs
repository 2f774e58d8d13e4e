use crate::case::run;
use consentgate::{
    Denied, Guard, Operation, Principal, ViolationKind,
    host::{HostGate, HostRoles, Value as Plain, claims},
    ids::{SiteId, UserId},
};
use serde_json::{Value, json};

fn guard(roles: &Value) -> Guard<()> {
    let config = json!({"sites": {}, "roles": roles});
    let gate = HostGate::new(config.to_string().as_bytes(), HostRoles::default()).unwrap();
    gate.guard(["jwt"])
}

/// Claims as a language of the host's hands them over.
fn plain(value: &Value) -> Plain {
    match value {
        Value::Null => Plain::Null,
        Value::Bool(flag) => Plain::Bool(*flag),
        Value::Number(number) => Plain::Int(number.as_i64().unwrap()),
        Value::String(text) => Plain::Text(text.clone().into()),
        Value::Array(values) => Plain::List(values.iter().map(plain).collect()),
        Value::Object(members) => {
            let member = |(name, value): (&String, &Value)| (name.clone().into(), plain(value));
            Plain::Map(members.iter().map(member).collect())
        }
    }
}

fn principal(guard: &Guard<()>, answer: &Value) -> Result<Principal, Denied> {
    guard.ask("jwt").unwrap().answer(claims(&plain(answer)))
}

fn operation(case: &Value) -> Operation {
    Operation::from_name(case["operation"].as_str().unwrap()).unwrap()
}

fn told(result: Result<Value, Denied>) -> Value {
    let denied = match result {
        Ok(told) => return told,
        Err(denied) => denied,
    };
    assert_eq!(denied.to_string(), "the request is denied");
    let violation = denied.violation().map(|violation| {
        let kind = ViolationKind::from_name(violation.kind().as_str()).unwrap();
        json!({
            "kind": kind.as_str(),
            "severity": violation.severity().as_str(),
            "operation": violation.operation().as_str(),
            "tenant": violation.tenant().map(SiteId::as_str),
            "has_subject": violation.subject().is_some(),
        })
    });
    json!({"ok": false, "status": denied.status(), "violation": violation})
}

fn fault_paths(roles: &Value) -> Vec<String> {
    let config = json!({"sites": {}, "roles": roles}).to_string();
    match consentgate::Config::from_json(config.as_bytes()) {
        Ok(_) => Vec::new(),
        Err(error) => error.faults().iter().map(|fault| fault.path.clone()).collect(),
    }
}

fn answer(case: &Value) -> Value {
    let everybody = json!({"user": []});
    let text = |name: &str| case[name].as_str().unwrap();
    match text("kind") {
        "id" if case["of"] == "tenant" => SiteId::new(text("text")).map(|id| id.to_string()).into(),
        "id" => UserId::new(text("text")).map(|id| id.expose().to_owned()).into(),
        "roles" => fault_paths(&case["roles"]).into(),
        "claims" => told(principal(&guard(&json!({})), &case["claims"]).map(|principal| {
            let identity = principal.identity();
            json!({"ok": true, "tenant": identity.tenant().as_str(), "user": identity.expose()})
        })),
        "require" => {
            let guard = guard(&case["roles"]);
            let principal = principal(&guard, &case["claims"]).unwrap();
            let tenant = case["tenant"].as_str();
            let scope = guard.require(&principal, text("need"), tenant, operation(case));
            told(
                scope
                    .map(|scope| json!({"ok": true, "tenant": scope.identity().tenant().as_str()})),
            )
        }
        "own" => {
            let guard = guard(&everybody);
            let principal = principal(&guard, &case["claims"]).unwrap();
            let own = principal.identity().tenant().as_str();
            let scope = guard.require(&principal, "user", Some(own), Operation::Request).unwrap();
            let found = case["is_there"].as_bool().unwrap();
            let row = found.then(|| case["tenant"].as_str().unwrap_or_default());
            told(
                scope.own(row, |tenant| tenant, operation(case)).map(
                    |row| json!({"ok": true, "tenant": row.scope().identity().tenant().as_str()}),
                ),
            )
        }
        other => panic!("{other}"),
    }
}

#[test]
fn tenants() {
    run("tenant", |case| assert_eq!(answer(case), case["expect"], "{case}"));
}
