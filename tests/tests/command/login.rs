//! Signing in at an identity provider: by the browser, by a code, by a given token; the token got again, kept, and forgotten.

mod house;
mod provider;

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _},
    net::TcpListener,
    os::unix::fs::PermissionsExt as _,
    process::{Child, ChildStderr, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use keyward_tests::{
    command::{Ended, Terminal},
    local::Local,
};
use serde_json::{Value, json};

use house::{keyward, serving};
use provider::Provider;

/// A command that waits for somebody, and the address that it shows.
struct Waiting {
    child: Child,
    stderr: BufReader<ChildStderr>,
    said: String,
    address: String,
}

impl Waiting {
    /// Runs until a line is an address.
    fn start(terminal: &Terminal, arguments: &[&str]) -> Self {
        let mut child = terminal
            .command(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let mut waiting = Self { child, stderr, said: String::new(), address: String::new() };
        waiting.read_address();
        waiting
    }

    fn read_address(&mut self) {
        while self.address.is_empty() {
            let begin = self.said.len();
            assert!(self.stderr.read_line(&mut self.said).unwrap() > 0, "no address in: {}", self.said);
            let line = self.said[begin..].trim();
            let address = line.split(' ').find(|word| word.starts_with("http://"));
            self.address = address.unwrap_or_default().to_owned();
        }
    }

    /// What the page says at the end of where the address leads.
    fn follow(&self) -> (u16, String) {
        let answer = reqwest::blocking::get(&self.address).unwrap();
        (answer.status().as_u16(), answer.text().unwrap())
    }

    fn ended(mut self) -> Ended {
        self.stderr.read_to_string(&mut self.said).unwrap();
        let output = self.child.wait_with_output().unwrap();
        Ended { code: output.status.code().unwrap_or(-1), stdout: output.stdout, stderr: self.said }
    }
}

fn sign_in(terminal: &Terminal, provider: &Provider) -> Ended {
    let login =
        ["login", "--issuer", &provider.issuer, "--client-id", "keyward-cli", "--no-browser", "--scope", "keys"];
    let waiting = Waiting::start(terminal, &[&login[..], &["--tenant", "contoso", "--output", "json"]].concat());
    assert_eq!(waiting.follow().0, 200);
    waiting.ended()
}

#[test]
fn the_browser_signs_in_and_the_server_believes_it() {
    let mut provider = Provider::start();
    let (url, believed) = keyward(&provider.issuer);
    let anna = Terminal::at(&url);
    anna.run(&["login"]).must_say(2, "provider_not_known");
    anna.run(&["key", "list", "--tenant", "contoso"]).must_say(3, "keyward login");
    let profile = sign_in(&anna, &provider).must_be(0).json();
    assert_eq!((&profile["person"], &profile["tenant"]), (&json!("anna"), &json!("contoso")));
    let seen = provider.seen();
    assert_eq!((&seen[0]["code_challenge_method"], &seen[0]["scope"]), (&json!("S256"), &json!("openid keys")));
    let expected =
        json!({ "at": "token", "grant_type": "authorization_code", "client_id": "keyward-cli", "proof": true });
    assert_eq!(seen[1..], [expected]);
    // The tenant is remembered, and the token is the provider's.
    anna.run(&["key", "list", "--output", "json"]).must_be(0);
    let token = believed.lock().unwrap().last().unwrap().clone();
    let whoami = anna.run(&["whoami"]).must_be(0).text();
    for word in ["anna", "sub", "johndoe", "contoso", "key-admin", &provider.issuer, "token expires", "in 59 min"] {
        assert!(whoami.contains(word), "{word} in {whoami}");
    }
    // It is in a file of hers alone, and nowhere else.
    let mode = |name: &str| fs::metadata(anna.file(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("profile"), mode("profile/token"), mode("profile/profile.json")), (0o700, 0o600, 0o600));
    let kept = fs::read_to_string(anna.file("profile/token")).unwrap();
    let refresh = kept.lines().nth(1).unwrap().to_owned();
    assert_eq!(kept.lines().next(), Some(token.as_str()));
    for said in [anna.run(&["whoami", "-v", "--output", "json"]), anna.run(&["key", "list", "-v"])] {
        let said = said.text() + &said.stderr;
        assert!(!said.contains(&token) && !said.contains(&refresh), "{said}");
    }
    // To another server it does not go.
    let (other, nothing) = keyward(&provider.issuer);
    anna.run(&["--url", &other, "--tenant", "contoso", "key", "list"]).must_say(3, "not_signed_in");
    assert!(nothing.lock().unwrap().is_empty());
    // Opened to others it is not taken.
    fs::set_permissions(anna.file("profile/token"), fs::Permissions::from_mode(0o644)).unwrap();
    anna.run(&["key", "list"]).must_say(2, "token_file_open");
    anna.run(&["logout"]).must_be(0);
    assert!(!anna.file("profile/token").exists() && !anna.file("profile/profile.json").exists());
    anna.run(&["key", "list", "--tenant", "contoso"]).must_say(3, "not_signed_in");
    // The provider is remembered.
    let waiting = Waiting::start(&anna, &["login", "--no-browser", "--anew"]);
    assert!(waiting.address.contains("prompt=login&max_age=0") && waiting.address.contains("scope=openid%20keys"));
    waiting.follow();
    waiting.ended().must_be(0);
    provider.seen();
    anna.run(&["logout"]).must_be(0);
    assert_eq!(provider.seen().iter().filter(|asked| asked["at"] == "revoke").count(), 1);
}

/// For providers that compare the whole redirect address, and people who want nothing kept that outlives the token.
#[test]
fn a_port_and_no_refresh_token_are_remembered() {
    let mut provider = Provider::start();
    let (url, _) = keyward(&provider.issuer);
    let anna = Terminal::at(&url);
    // Not among those that the system gives out by itself.
    let begin = 20_000 + u16::try_from(std::process::id() % 10_000).unwrap();
    let held = (begin..).find_map(|port| TcpListener::bind(("127.0.0.1", port)).ok()).unwrap();
    let port = held.local_addr().unwrap().port().to_string();
    let issuer = provider.issuer.clone();
    let named = ["--issuer", &issuer, "--client-id", "c", "--tenant", "contoso"];
    let login = [&["login", "--no-browser"], &named[..], &["--port", &port, "--no-refresh"]].concat();
    anna.run(&login).must_say(7, "port_not_free");
    drop(held);
    for arguments in [&login[..], &["login", "--no-browser"]] {
        let waiting = Waiting::start(&anna, arguments);
        let redirect = format!("redirect_uri=http%3A%2F%2F127.0.0.1%3A{port}%2Fsigned-in&");
        assert!(waiting.address.contains(&redirect), "{}", waiting.address);
        assert_eq!(waiting.follow().0, 200);
        waiting.ended().must_be(0);
        let kept = fs::read_to_string(anna.file("profile/token")).unwrap();
        assert_eq!(kept.lines().count(), 1, "the provider gave a refresh token all the same");
    }
    let remembered = fs::read_to_string(anna.file("profile/providers.json")).unwrap();
    assert!(remembered.contains(&format!("\"port\": {port}")) && remembered.contains("\"noRefresh\": true"));
    // At its end there is nothing to get another one for.
    provider.set(json!({ "expires_in": 0 }));
    let waiting = Waiting::start(&anna, &["login", "--no-browser"]);
    waiting.follow();
    waiting.ended().must_be(0);
    anna.run(&["key", "list"]).must_say(3, "sign_in_ended");
    // Named anew, the provider has neither.
    let named = [&["login", "--no-browser"], &named[..]].concat();
    let waiting = Waiting::start(&anna, &named);
    waiting.follow();
    waiting.ended().must_be(0);
    let kept = fs::read_to_string(anna.file("profile/token")).unwrap();
    assert_eq!(kept.lines().count(), 2);
    for (wrong, said) in [("0", "0"), ("65536", "65536"), ("http", "http")] {
        anna.run(&["login", "--port", wrong]).must_say(2, said);
    }
    anna.run(&["login", "--device", "--port", "8400"]).must_say(2, "--port");
}

/// The whole local process with an issuer of the deployment's own in place of the development issuer.
#[test]
fn a_local_process_believes_the_issuers_that_it_is_told() {
    let mut provider = Provider::start();
    let data = tempfile::tempdir().unwrap();
    let issuers = data.path().join("issuers.json");
    fs::write(&issuers, house::trusting(&provider.issuer).to_string()).unwrap();
    let flags = ["--demo", "--issuers", issuers.to_str().unwrap()];
    let local = Local::start_with(&data.path().join("data"), &data.path().join("log"), &flags);
    let anna = Terminal::at(local.url());
    // Nobody signs in as a demo person.
    anna.run(&["login", "--as", "alice"]).must_say(6, "not_found");
    sign_in(&anna, &provider).must_be(0);
    anna.run(&["tenant", "opt-in"]).must_be(0);
    let log = anna.run(&["audit", "list"]).must_be(0).text();
    assert!(log.contains("johndoe"), "the subject of her token: {log}");
    // A5, A6: her token tells of no sign-in, and by her role alone she takes nothing away.
    anna.run(&["administrator", "remove", "bob", "--confirm", "Contoso Ltd"]).must_say(3, "sign_in_too_old");
    anna.run(&["key", "roll-back", "--confirm", "Contoso Ltd"]).must_say(3, "administrator_not_listed");
    // With a token that tells of a recent one she sets the list.
    let signed_in = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let claims =
        json!({ "aud": "keyward", "roles": ["key-admin"], "preferred_username": "anna", "auth_time": signed_in });
    provider.set(json!({ "claims": claims }));
    sign_in(&anna, &provider).must_be(0);
    anna.run(&["administrator", "remove", "bob", "--confirm", "Contoso Ltd"]).must_be(0);
}

#[test]
fn the_persons_browser_is_opened() {
    let provider = Provider::start();
    let anna = Terminal::at("http://127.0.0.1:9");
    let browser = anna.file("browser");
    fs::write(&browser, "#!/bin/sh\necho \"$1\" >opening && /bin/mv opening opened\n").unwrap();
    fs::set_permissions(&browser, fs::Permissions::from_mode(0o700)).unwrap();
    let mut child = anna
        .command(&["login", "--issuer", &provider.issuer, "--client-id", "c", "-q"])
        .env("BROWSER", &browser)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let begin = Instant::now();
    while !anna.file("opened").exists() {
        assert!(begin.elapsed() < Duration::from_secs(30), "no browser was opened");
        thread::yield_now();
    }
    let address = fs::read_to_string(anna.file("opened")).unwrap();
    assert_eq!(reqwest::blocking::get(address.trim()).unwrap().status().as_u16(), 200);
    assert!(child.wait().unwrap().success());
    assert!(anna.file("profile/token").exists());
}

#[test]
fn a_token_that_ends_is_got_again() {
    let mut provider = Provider::start();
    let (url, believed) = keyward(&provider.issuer);
    let anna = Terminal::at(&url);
    // Less than the minute before its end in which it is not used any more.
    provider.set(json!({ "expires_in": 50 }));
    sign_in(&anna, &provider).must_be(0);
    provider.seen();
    for _ in 0..2 {
        anna.run(&["key", "list"]).must_be(0);
    }
    let refreshes = |seen: &[Value]| seen.iter().filter(|asked| asked["grant_type"] == "refresh_token").count();
    assert_eq!(refreshes(&provider.seen()), 2);
    let tokens = believed.lock().unwrap().clone();
    assert!(tokens.len() == 2 && tokens[0] != tokens[1]);
    // Several at a time do not use one refresh token twice, which many providers take for theft.
    provider.set(json!({ "expires_in": 3600 }));
    let run = || anna.command(&["key", "list"]).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let children: Vec<Child> = (0..6).map(|_| run()).collect();
    for child in children {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    assert_eq!(refreshes(&provider.seen()), 1);
    // While the old one is good, a provider that does not give a new one is no failure; after it, it is.
    provider.set(json!({ "expires_in": 50 }));
    sign_in(&anna, &provider).must_be(0);
    provider.set(json!({ "refuse": "invalid_grant" }));
    anna.run(&["key", "list"]).must_be(0);
    provider.set(json!({ "refuse": null, "expires_in": 0 }));
    sign_in(&anna, &provider).must_be(0);
    provider.set(json!({ "refuse": "invalid_grant" }));
    let ended = anna.run(&["key", "list"]).must_say(3, "sign_in_ended");
    assert!(ended.stderr.contains("next: Sign in again: keyward login"), "{}", ended.stderr);
    drop(provider);
    anna.run(&["key", "list"]).must_say(7, "provider_not_reachable");
    // Signing out needs nobody.
    anna.run(&["logout"]).must_be(0);
}

#[test]
fn what_goes_wrong_is_said() {
    let mut provider = Provider::start();
    let (url, _) = keyward(&provider.issuer);
    let anna = Terminal::at(&url);
    provider.set(json!({ "deny": "access_denied" }));
    sign_in(&anna, &provider).must_say(3, "sign_in_refused");
    provider.set(json!({ "deny": null, "refuse": "invalid_client" }));
    sign_in(&anna, &provider).must_say(3, "--client-id");
    assert!(!anna.file("profile/token").exists());
    let at = |issuer: &str| anna.run(&["login", "--no-browser", "--issuer", issuer, "--client-id", "c"]);
    at(&format!("{}/", provider.issuer)).must_say(2, "provider_mismatch");
    at(&format!("{}/nothing", provider.issuer)).must_say(2, "provider_not_usable");
    at("http://id.example.org").must_say(2, "provider_address");
    at("nonsense").must_say(2, "provider_address");
    anna.run(&["login", "--device", "--issuer", &provider.issuer, "--client-id", "c"])
        .must_say(2, "provider_not_usable");
    // Somebody else's answer does not end the wait, and is not taken.
    provider.set(json!({ "refuse": null }));
    let waiting = Waiting::start(&anna, &["login", "--no-browser", "--issuer", &provider.issuer, "--client-id", "c"]);
    let query = waiting.address.split_once('?').unwrap().1;
    let redirect = query.split('&').find_map(|pair| pair.strip_prefix("redirect_uri=")).unwrap();
    let redirect = redirect.replace("%3A", ":").replace("%2F", "/");
    for wrong in ["?code=stolen&state=guessed", "", "/../?code=x"] {
        let answer = reqwest::blocking::get(format!("{redirect}{wrong}")).unwrap();
        assert!(answer.status().is_client_error(), "{wrong}");
    }
    let (status, page) = waiting.follow();
    assert!(status == 200 && page.contains("You can close this page"), "{page}");
    waiting.ended().must_be(0);
    // A token that the deployment does not believe.
    provider.set(json!({ "claims": { "aud": "another" } }));
    sign_in(&anna, &provider).must_be(0);
    anna.run(&["key", "list"]).must_say(3, "token_refused");
}

#[test]
fn a_gateways_own_answers_say_what_to_do() {
    for (status, message, exit, code, next) in [
        (401, "Unauthorized", 3, "unauthenticated", "keyward login"),
        (403, "Forbidden", 3, "token_refused", "keyward login"),
        (404, "Not Found", 6, "no_such_path", "--url"),
        (429, "Too Many Requests", 7, "too_many_requests", "try again"),
        (503, "Service Unavailable", 7, "unavailable", "Try again"),
    ] {
        let url = serving(move |_| (status, json!({ "message": message })));
        let ended =
            Terminal::at(&url).run_with(&["--tenant", "contoso", "key", "list"], &[("KEYWARD_TOKEN", "a.b.c")], b"");
        let ended = ended.must_say(exit, code);
        assert!(ended.stderr.contains(next), "{}", ended.stderr);
    }
}

#[test]
fn a_token_may_be_given() {
    let url = serving(|request| match request.bearer.as_deref() {
        Some("from-file") => (200, json!({ "value": [] })),
        _ => (401, json!({ "message": "Unauthorized" })),
    });
    let robot = Terminal::at(&url);
    fs::write(robot.file("given"), "from-file\n").unwrap();
    let list = ["--tenant", "contoso", "key", "list"];
    robot.run(&[&list[..], &["--token-file", "given"]].concat()).must_be(0);
    robot.run_with(&list, &[("KEYWARD_TOKEN_FILE", "given")], b"").must_be(0);
    robot.run_with(&list, &[("KEYWARD_TOKEN", "from-file")], b"").must_be(0);
    // The file goes before the variable.
    robot.run_with(&list, &[("KEYWARD_TOKEN_FILE", "given"), ("KEYWARD_TOKEN", "x")], b"").must_be(0);
    robot.run_with(&list, &[("KEYWARD_TOKEN", "x")], b"").must_say(3, "unauthenticated");
    robot.run(&[&list[..], &["--token-file", "none"]].concat()).must_say(2, "none");
    fs::write(robot.file("given"), "two words").unwrap();
    robot.run(&[&list[..], &["--token-file", "given"]].concat()).must_say(2, "holds no token");
    assert!(!robot.file("profile").exists());
}

/// An identity provider that knows only the device code of RFC 8628: a person agrees by following the address.
fn device_provider(expires_in: u64) -> (String, Arc<AtomicU32>) {
    let (agreed, asked) = (AtomicBool::new(false), Arc::new(AtomicU32::new(0)));
    let questions = Arc::clone(&asked);
    let own = Arc::new(std::sync::OnceLock::<String>::new());
    let issuer = Arc::clone(&own);
    let url = serving(move |request| {
        let url = issuer.get().unwrap();
        let has = |parameter: &str| request.body.split('&').any(|pair| pair == parameter);
        match request.line.split(' ').nth(1).unwrap() {
            "/.well-known/openid-configuration" => (
                200,
                json!({
                    "issuer": url, "token_endpoint": format!("{url}/token"),
                    "device_authorization_endpoint": format!("{url}/device"), "scopes_supported": ["openid", "offline_access"],
                }),
            ),
            "/device" if has("client_id=cli") && has("scope=openid%20offline_access") => (
                200,
                json!({
                    "device_code": "the-device-code", "user_code": "WDJB-MJHT", "verification_uri": format!("{url}/agree"),
                    "expires_in": expires_in, "interval": 1,
                }),
            ),
            "/agree" => {
                agreed.store(true, Ordering::SeqCst);
                (200, json!({}))
            }
            "/token" if has("device_code=the-device-code") && has("client_id=cli") => {
                questions.fetch_add(1, Ordering::SeqCst);
                if agreed.load(Ordering::SeqCst) {
                    (200, json!({ "access_token": "from-device", "token_type": "Bearer", "expires_in": 600 }))
                } else {
                    (400, json!({ "error": "authorization_pending" }))
                }
            }
            other => panic!("{other} {}", request.body),
        }
    });
    own.set(url.clone()).unwrap();
    (url, asked)
}

#[test]
fn a_code_signs_in_on_another_device() {
    let url = serving(|request| match request.bearer.as_deref() {
        Some("from-device") if request.line.contains("/keys") => (200, json!({ "value": [] })),
        Some("from-device") => (401, json!({ "code": "sign_in_too_old", "status": 401, "maxAgeSeconds": 600 })),
        _ => (401, json!({ "message": "Unauthorized" })),
    });
    let (issuer, asked) = device_provider(600);
    let anna = Terminal::at(&url);
    let login = ["login", "--device", "--issuer", &issuer, "--client-id", "cli", "--tenant", "contoso"];
    let waiting = Waiting::start(&anna, &login);
    assert!(waiting.said.contains("/agree with the code"), "{}", waiting.said);
    waiting.follow();
    let ended = waiting.ended().must_be(0);
    assert!(ended.stderr.contains("WDJB-MJHT") && !ended.stderr.contains("the-device-code"), "{}", ended.stderr);
    assert!(asked.load(Ordering::SeqCst) >= 1);
    anna.run(&["key", "list"]).must_be(0);
    // What needs a new sign-in says what works here: the code alone asks for no proof.
    let ended = anna.run(&["quorum", "off", "--confirm", "Contoso"]).must_say(3, "sign_in_too_old");
    for word in ["Sign out at the identity provider", "--device", "within 10 min"] {
        assert!(ended.stderr.contains(word), "{}", ended.stderr);
    }
    // Nobody types it: it ends with the code.
    let (issuer, asked) = device_provider(3);
    let begin = Instant::now();
    let late = Terminal::at(&url);
    late.run(&["login", "--device", "--issuer", &issuer, "--client-id", "cli"]).must_say(3, "sign_in_timed_out");
    assert!(begin.elapsed() < Duration::from_secs(30) && asked.load(Ordering::SeqCst) <= 3);
    assert!(!late.file("profile/token").exists());
}
