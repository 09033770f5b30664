//! A WebDriver between the test runner and the real driver.
//!
//! The runner's page is at 127.0.0.1, where WebAuthn refuses every relying party, and has no authenticator. So the page
//! is opened at localhost instead, with a virtual authenticator, and with the address of the local server's API in its
//! fragment. `POST /forget`, at the address that is in the fragment too, empties the authenticator. All else passes
//! through.
//!
//! Where Chromium is to have no wasm, the page gets the tests' own wasm made into JavaScript.

use crate::serve::free_port;
use crate::shell::{ending_with_us, say};
use crate::{setup, wasm};
use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// The browser that is driven.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Browser {
    Chromium,
    ChromiumWithoutWasm,
    Firefox,
}

impl Browser {
    /// The variable in which the runner looks for the driver's address.
    pub fn remote_variable(self) -> &'static str {
        match self {
            Browser::Chromium | Browser::ChromiumWithoutWasm => "CHROMEDRIVER_REMOTE",
            Browser::Firefox => "GECKODRIVER_REMOTE",
        }
    }
}

pub struct WebDriver {
    driver: Child,
    /// Where the runner finds it.
    pub origin: String,
}

impl WebDriver {
    /// Starts the driver, and the way to it. `api` is what the test page gets.
    pub fn start(browser: Browser, api: &str) -> Result<WebDriver> {
        let port = free_port()?;
        let (program, options) = match browser {
            Browser::Chromium | Browser::ChromiumWithoutWasm => {
                setup::chromium()?;
                (setup::chromedriver()?, None)
            }
            Browser::Firefox => (setup::geckodriver()?, Some(firefox_options(&setup::firefox()?))),
        };
        let driver = ending_with_us(program, "TERM")
            .arg(format!("--port={port}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("cannot run the browser's driver")?;
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let origin = format!("http://{}", listener.local_addr()?);
        let driver = WebDriver { driver, origin };
        let begun = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            if begun.elapsed() > Duration::from_secs(10) {
                bail!("the browser's driver does not answer");
            }
            thread::sleep(Duration::from_millis(20));
        }
        let page = format!("api={api}&driver={}", driver.origin.replace("127.0.0.1", "localhost"));
        let has_wasm = browser != Browser::ChromiumWithoutWasm;
        let way = Arc::new(Way { port, page, options, has_wasm, authenticator: Mutex::default() });
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let way = way.clone();
                thread::spawn(move || {
                    // The runner tells what went wrong.
                    let _ = pass(stream, &way);
                });
            }
        });
        Ok(driver)
    }
}

impl Drop for WebDriver {
    fn drop(&mut self) {
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

struct Request {
    line: String,
    body: Vec<u8>,
}

/// The way to a driver.
struct Way {
    port: u16,
    /// What the fragment of the test page says.
    page: String,
    /// Options of Firefox, where it is that.
    options: Option<Value>,
    /// Whether the test page has wasm.
    has_wasm: bool,
    /// The path of the newest session's authenticator.
    authenticator: Mutex<Option<String>>,
}

/// Passes the requests of one connection, one after the other.
fn pass(stream: TcpStream, way: &Way) -> Result<()> {
    let mut client = stream.try_clone()?;
    let mut reader = BufReader::new(stream);
    while let Some(mut request) = read(&mut reader)? {
        if request.line.contains("/url ") && request.line.starts_with("POST") {
            if !way.has_wasm {
                // The runner only sees a connection end.
                replace_wasm(way.port, &request)
                    .inspect_err(|error| say(&format!("No core in JavaScript: {error:#}")))?;
            }
            request.body = rewrite(&request.body, &way.page)?;
        }
        let begins = request.line.starts_with("POST /session ");
        if begins && let Some(options) = &way.options {
            request.body = with_options(&request.body, options)?;
        }
        if request.line.starts_with("POST /forget ") {
            let authenticator = held(way).clone().context("there is no session")?;
            request = Request { line: format!("DELETE {authenticator}/credentials HTTP/1.1"), body: Vec::new() };
        }
        let answer = send(way.port, &request.line, &request.body)?;
        if begins {
            let body: Value = serde_json::from_slice(&answer.1)?;
            *held(way) = Some(add_authenticator(way.port, session(&body)?)?);
        }
        write!(
            client,
            "HTTP/1.1 {}\r\ncontent-type: application/json\r\naccess-control-allow-origin: *\r\ncontent-length: {}\r\n\r\n",
            answer.0,
            answer.1.len()
        )?;
        client.write_all(&answer.1)?;
    }
    Ok(())
}

fn held(way: &Way) -> MutexGuard<'_, Option<String>> {
    way.authenticator.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Which Firefox, without a window, and with a software authenticator in the place of real ones.
fn firefox_options(program: &Path) -> Value {
    json!({
        "binary": program,
        "args": ["-headless"],
        "prefs": {
            "security.webauth.webauthn_enable_softtoken": true,
            "security.webauth.webauthn_enable_usbtoken": false,
        },
    })
}

/// The request for a session, with those options of Firefox.
fn with_options(body: &[u8], options: &Value) -> Result<Vec<u8>> {
    let mut body: Value = serde_json::from_slice(body)?;
    body["capabilities"]["alwaysMatch"]["moz:firefoxOptions"] = options.clone();
    Ok(serde_json::to_vec(&body)?)
}

/// The address of the test page, where WebAuthn works and with what the tests need to know.
fn rewrite(body: &[u8], page: &str) -> Result<Vec<u8>> {
    let mut body: Value = serde_json::from_slice(body)?;
    let url = body["url"].as_str().context("no url")?.replace("127.0.0.1", "localhost");
    // The runner has a fragment of its own, of parameters.
    let joint = if url.contains('#') { '&' } else { '#' };
    body["url"] = json!(format!("{url}{joint}{page}"));
    Ok(serde_json::to_vec(&body)?)
}

/// Lets the page that this request opens begin with its wasm in JavaScript.
fn replace_wasm(port: u16, request: &Request) -> Result<()> {
    let body: Value = serde_json::from_slice(&request.body)?;
    let runner = body["url"].as_str().and_then(port_of).context("no port in the address of the test page")?;
    // HTTP/1.0: an answer with a length, not in chunks.
    let (status, wasm) = send(runner, "GET /wasm-bindgen-test_bg.wasm HTTP/1.0", &[])?;
    if !status.starts_with("200") {
        bail!("no wasm of the tests: {status}");
    }
    let line = request.line.replacen("/url ", "/goog/cdp/execute ", 1);
    // By itself the first: a page whose other script fails has no wasm to go on with.
    for source in ["delete self.WebAssembly;", &wasm::replacement(&wasm)?] {
        let script = json!({ "cmd": "Page.addScriptToEvaluateOnNewDocument", "params": { "source": source } });
        let (status, body) = send(port, &line, &serde_json::to_vec(&script)?)?;
        if !status.starts_with("200") {
            bail!("no script for the test page: {}", String::from_utf8_lossy(&body));
        }
    }
    Ok(())
}

fn port_of(url: &str) -> Option<u16> {
    url.split('/').nth(2)?.rsplit(':').next()?.parse().ok()
}

/// The session's id, where either form of the protocol has it.
fn session(body: &Value) -> Result<&str> {
    body["value"]["sessionId"].as_str().or_else(|| body["sessionId"].as_str()).context("no session")
}

/// Gives a session its authenticator: the path of that.
fn add_authenticator(port: u16, session: &str) -> Result<String> {
    let authenticator = json!({
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": true,
        "hasUserVerification": true, "isUserVerified": true, "isUserConsenting": true,
    });
    let path = format!("/session/{session}/webauthn/authenticator");
    let (status, body) = send(port, &format!("POST {path} HTTP/1.1"), &serde_json::to_vec(&authenticator)?)?;
    if !status.starts_with("200") {
        bail!("no virtual authenticator: {}", String::from_utf8_lossy(&body));
    }
    let body: Value = serde_json::from_slice(&body)?;
    Ok(format!("{path}/{}", body["value"].as_str().context("no authenticator")?))
}

/// Reads a request, or the body and status line of an answer; `None` at the end of the connection.
fn read(reader: &mut impl BufRead) -> Result<Option<Request>> {
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let mut length = 0;
    loop {
        let mut header = String::new();
        if reader.read_line(&mut header)? == 0 || header.trim().is_empty() {
            break;
        }
        if let Some((name, value)) = header.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse()?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    Ok(Some(Request { line: line.trim().to_owned(), body }))
}

fn send(port: u16, line: &str, body: &[u8]) -> Result<(String, Vec<u8>)> {
    let stream = TcpStream::connect(("127.0.0.1", port))?;
    let mut writer = stream.try_clone()?;
    write!(
        writer,
        "{line}\r\nhost: localhost:{port}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    )?;
    writer.write_all(body)?;
    let answer = read(&mut BufReader::new(stream))?.context("the browser's driver closed the connection")?;
    let status = answer.line.split_once(' ').map(|(_, status)| status.to_owned()).context("no status")?;
    Ok((status, answer.body))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_test_page_is_opened_at_localhost_with_the_address_of_the_api() {
        let body = rewrite(br#"{"url":"http://127.0.0.1:1234/"}"#, "api=http://localhost:1/v1").unwrap();
        assert_eq!(body, br#"{"url":"http://localhost:1234/#api=http://localhost:1/v1"}"#);
        let body = rewrite(br#"{"url":"http://127.0.0.1:1234/#a=b"}"#, "api=http://localhost:1/v1").unwrap();
        assert_eq!(body, br#"{"url":"http://localhost:1234/#a=b&api=http://localhost:1/v1"}"#);
    }

    #[test]
    fn the_runner_is_found_by_the_address_of_its_page() {
        assert_eq!(port_of("http://127.0.0.1:1234/#a=b:5"), Some(1234));
        assert_eq!(port_of("http://127.0.0.1/"), None);
        assert_eq!(port_of("1234"), None);
    }

    #[test]
    fn a_session_of_firefox_is_asked_for_with_its_options() {
        let body =
            with_options(br#"{"capabilities":{"alwaysMatch":{"acceptInsecureCerts":true}}}"#, &json!(1)).unwrap();
        assert_eq!(body, br#"{"capabilities":{"alwaysMatch":{"acceptInsecureCerts":true,"moz:firefoxOptions":1}}}"#);
    }

    #[test]
    fn the_session_is_found_in_both_forms_of_the_protocol() {
        assert_eq!(session(&json!({"value": {"sessionId": "a"}})).unwrap(), "a");
        assert_eq!(session(&json!({"sessionId": "b", "value": {}})).unwrap(), "b");
        assert!(session(&json!({"value": {}})).is_err());
    }

    #[test]
    fn a_request_is_read_with_its_body_and_no_further() {
        let mut bytes: &[u8] = b"POST /session HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}GET";
        let request = read(&mut bytes).unwrap().unwrap();
        assert_eq!((request.line.as_str(), request.body.as_slice()), ("POST /session HTTP/1.1", &b"{}"[..]));
        assert_eq!(bytes, b"GET");
        assert!(read(&mut &b""[..]).unwrap().is_none());
    }
}
