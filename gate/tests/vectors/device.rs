use crate::{
    case::{Bound, at, bytes, headers, run},
    sequences::{NoTimer, ready},
};
use consentgate::{
    AsyncGate, Config, Decision, DeviceRequest, DeviceToSign, Gate, ManualClock, SecretInput,
    Stores, Timestamp, device_secret, sign_device,
};
use serde_json::{Value, json};

/// The form of a gate that a case is played to.
trait Form {
    fn new(config: Config, clock: ManualClock) -> Self;
    fn device(&self, request: &DeviceRequest<'_>) -> Decision;
    fn set_site(&self, site: &str, json: &[u8]);
    fn remove_site(&self, site: &str);
}

impl Form for Gate<Stores, ManualClock> {
    fn new(config: Config, clock: ManualClock) -> Self {
        Self::in_memory(config, clock).unwrap()
    }

    fn device(&self, request: &DeviceRequest<'_>) -> Decision {
        self.device(request, None)
    }

    fn set_site(&self, site: &str, json: &[u8]) {
        self.set_site(site, json).unwrap();
    }

    fn remove_site(&self, site: &str) {
        self.remove_site(site).unwrap();
    }
}

impl Form for AsyncGate<Stores, ManualClock, NoTimer> {
    fn new(config: Config, clock: ManualClock) -> Self {
        let stores = Stores::memory(&config.common().caps);
        Self::new(config, stores, clock, NoTimer).unwrap()
    }

    fn device(&self, request: &DeviceRequest<'_>) -> Decision {
        ready(self.device(request, None))
    }

    fn set_site(&self, site: &str, json: &[u8]) {
        self.set_site(site, json).unwrap();
    }

    fn remove_site(&self, site: &str) {
        self.remove_site(site).unwrap();
    }
}

fn play<F: Form>(case: &Value) {
    let clock = ManualClock::new(Timestamp::MIN);
    let config = Config::from_json(case["config"].to_string().as_bytes()).unwrap();
    let gate = F::new(config, clock.clone());
    for (index, step) in case["steps"].as_array().unwrap().iter().enumerate() {
        clock.set(at(&step["now_ms"]));
        let text = |name: &str| step[name].as_str().unwrap();
        let site = text("site");
        match text("do") {
            "set_site" => gate.set_site(site, step["site_config"].to_string().as_bytes()),
            "remove_site" => gate.remove_site(site),
            "device" => {
                let (pairs, body) = (headers(&step["headers"]), bytes(&step["body_b64"]));
                let ip = step["ip"].as_str().map(|ip| ip.parse().unwrap());
                let (method, url) = (text("method"), text("url"));
                let (headers, body) = (&pairs, &body);
                let request = DeviceRequest { site, method, url, headers, body, ip };
                let about = format!("{} step {index}", case["name"]);
                Bound::default().check(&gate.device(&request), &step["expect"], &about);
            }
            other => panic!("{other}"),
        }
    }
}

fn sign(case: &Value) {
    let text = |name: &str| case[name].as_str().unwrap();
    let body = bytes(&case["body_b64"]);
    let request = DeviceToSign {
        site: text("site"),
        device_id: text("device_id"),
        method: text("method"),
        url: text("url"),
        body: &body,
        nonce: case["nonce"].as_str(),
    };
    let secret = SecretInput::Text(text("secret"));
    let signed = sign_device(secret, &request, at(&case["now_ms"])).unwrap();
    let signed: Vec<Value> = signed.iter().map(|(name, value)| json!([name, value])).collect();
    assert_eq!(Value::Array(signed), case["expect"]);
}

fn derive(case: &Value) {
    let text = |name: &str| case[name].as_str().unwrap();
    let (site, device) = (text("site"), text("device_id"));
    let generation = case["generation"].as_u64();
    let secret = SecretInput::Text(text("master"));
    let derived = device_secret(secret, site, device, generation).unwrap();
    assert_eq!(derived, case["expect"].as_str().unwrap());
    if generation == Some(0) {
        assert_eq!(device_secret(secret, site, device, None).unwrap(), derived);
    }
}

fn device<F: Form>() {
    run("device", |case| match case["kind"].as_str().unwrap() {
        "steps" => play::<F>(case),
        "sign" => sign(case),
        "derive" => derive(case),
        other => panic!("{other}"),
    });
}

#[test]
fn devices() {
    device::<Gate<Stores, ManualClock>>();
}

#[test]
fn devices_through_the_asynchronous_driver() {
    device::<AsyncGate<Stores, ManualClock, NoTimer>>();
}
