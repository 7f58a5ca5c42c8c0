//! A small WebDriver client: one headless Chromium, driven through chromedriver.
//!
//! Source: the W3C WebDriver recommendation; `se/log` and `goog/cdp/execute` are chromedriver's.

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};
use std::{env, fs};

/// Longest wait for the driver to listen and the browser to start: a loaded machine is slow.
const START: Duration = Duration::from_secs(60);
/// Drivers that are started for one browser, at most.
const LAUNCHES_MAX: usize = 3;
/// Longest wait for one command.
const COMMAND: Duration = Duration::from_secs(60);
/// Longest wait of [`Browser::wait_for`].
const WAIT: Duration = Duration::from_secs(30);
/// The key under which an element's id stands, by the recommendation.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// How a browser is started for tests: unseen, and without talking to its maker.
pub const FLAGS: [&str; 12] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1440,900",
    "--force-device-scale-factor=1",
    "--hide-scrollbars",
];

/// Key codes for [`Browser::press`], by the recommendation.
pub mod key {
    /// The Escape key.
    pub const ESCAPE: &str = "\u{e00c}";
    /// The Tab key.
    pub const TAB: &str = "\u{e004}";
    /// The Enter key.
    pub const ENTER: &str = "\u{e007}";
    /// The left arrow key.
    pub const LEFT: &str = "\u{e012}";
    /// The right arrow key.
    pub const RIGHT: &str = "\u{e014}";
    /// The arrow up key.
    pub const UP: &str = "\u{e013}";
    /// The arrow down key.
    pub const DOWN: &str = "\u{e015}";
    /// The Control key, for [`super::Browser::chord`].
    pub const CONTROL: &str = "\u{e009}";
    /// The Home key.
    pub const HOME: &str = "\u{e011}";
    /// The End key.
    pub const END: &str = "\u{e010}";
    /// The Alt key, for [`super::Browser::chord`].
    pub const ALT: &str = "\u{e00a}";
    /// The Shift key.
    pub const SHIFT: &str = "\u{e008}";
}

/// A browser with one tab; both it and its driver end when this is dropped.
#[derive(Debug)]
pub struct Browser {
    driver: Child,
    port: u16,
    session: String,
    profile: PathBuf,
}

/// An element of the page.
#[derive(Clone, Debug)]
pub struct Element(String);

impl Browser {
    /// Starts the driver (`CHROMEDRIVER` or `chromedriver`) and a headless Chromium (`CHROMIUM`,
    /// or the one the driver finds) with a window of 1440 x 900.
    ///
    /// # Errors
    /// One of them is missing or does not start.
    pub fn start() -> Result<Self> {
        Self::start_named(None)
    }

    /// As [`Browser::start`], but the browser notes what it does, in these categories: see
    /// [`Browser::trace`].
    ///
    /// # Errors
    /// As [`Browser::start`].
    pub fn start_traced(categories: &str) -> Result<Self> {
        Self::start_named(Some(categories))
    }

    /// The programs that the environment names.
    fn start_named(traced: Option<&str>) -> Result<Self> {
        let driver = env::var_os("CHROMEDRIVER").unwrap_or_else(|| "chromedriver".into());
        let chromium = env::var_os("CHROMIUM");
        Self::start_one(Path::new(&driver), chromium.as_deref().map(Path::new), traced)
    }

    /// As [`Browser::start`], with these programs.
    ///
    /// # Errors
    /// One of them is missing or does not start.
    pub fn with(program: &Path, chromium: Option<&Path>) -> Result<Self> {
        Self::start_one(program, chromium, None)
    }

    /// Between the choice of a port and the driver's listening anybody may take that port, and a
    /// driver that has just begun to listen may hang up: the next one gets another port.
    fn start_one(program: &Path, chromium: Option<&Path>, traced: Option<&str>) -> Result<Self> {
        for _ in 1..LAUNCHES_MAX {
            match Self::launch(program, chromium, traced) {
                Ok(browser) => return Ok(browser),
                Err(error) => eprintln!("once more: {error:#}"),
            }
        }
        Self::launch(program, chromium, traced)
    }

    fn launch(program: &Path, chromium: Option<&Path>, traced: Option<&str>) -> Result<Self> {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let driver = Command::new(program)
            .arg(format!("--port={port}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("cannot start {}", program.display()))?;
        let profile = env::temp_dir().join(format!("zabscope-browser-{port}"));
        let mut browser = Self { driver, port, session: String::new(), profile };
        fs::create_dir_all(&browser.profile)?;
        browser.session = browser.open_session(chromium, traced)?;
        Ok(browser)
    }

    fn open_session(&self, chromium: Option<&Path>, traced: Option<&str>) -> Result<String> {
        let mut flags = FLAGS.map(str::to_owned).to_vec();
        flags.push(format!("--user-data-dir={}", self.profile.display()));
        let mut options = json!({ "args": flags });
        if let Some(binary) = chromium {
            options["binary"] = json!(binary);
        }
        let mut logs = json!({ "browser": "ALL" });
        if let Some(categories) = traced {
            logs["performance"] = json!("ALL");
            options["perfLoggingPrefs"] = json!({ "enableNetwork": false, "enablePage": false, "traceCategories": categories });
        }
        let wanted = json!({ "capabilities": { "alwaysMatch": {
            "browserName": "chrome",
            "goog:chromeOptions": options,
            "goog:loggingPrefs": logs,
        }}});
        let deadline = Instant::now() + START;
        loop {
            // Only a refused connection is worth another try: the driver does not listen yet.
            match TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)) {
                Ok(stream) => {
                    let answer = exchange(stream, "POST", "/session", &wanted)?;
                    let id = answer["sessionId"].as_str().context("no session id")?;
                    return Ok(id.to_owned());
                }
                Err(_) if Instant::now() < deadline => sleep(Duration::from_millis(50)),
                Err(error) => return Err(error).context("chromedriver does not listen"),
            }
        }
    }

    fn call(&self, method: &str, path: &str, body: &Value) -> Result<Value> {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port))?;
        exchange(stream, method, &format!("/session/{}{path}", self.session), body)
            .with_context(|| format!("{method} {path}"))
    }

    /// Opens an address and waits for the page's load event.
    ///
    /// # Errors
    /// The page cannot be loaded.
    pub fn open(&self, url: &str) -> Result<()> {
        self.call("POST", "/url", &json!({ "url": url })).map(drop)
    }

    /// The first element that a CSS selector matches.
    ///
    /// # Errors
    /// There is none.
    pub fn find(&self, css: &str) -> Result<Element> {
        let found =
            self.call("POST", "/element", &json!({ "using": "css selector", "value": css }));
        let found = found.with_context(|| format!("finding {css}"))?;
        Ok(Element(found[ELEMENT].as_str().context("no element id")?.to_owned()))
    }

    /// Waits until a CSS selector matches.
    ///
    /// # Errors
    /// It does not within 30 seconds.
    pub fn wait_for(&self, css: &str) -> Result<Element> {
        self.wait_until(css, || self.find(css).ok())
    }

    /// Repeats `probe` until it gives a value; `what` names it in the error.
    ///
    /// # Errors
    /// It gives none within 30 seconds.
    pub fn wait_until<T>(&self, what: &str, probe: impl Fn() -> Option<T>) -> Result<T> {
        let deadline = Instant::now() + WAIT;
        loop {
            if let Some(value) = probe() {
                return Ok(value);
            }
            ensure!(Instant::now() < deadline, "waited {} s for {what}", WAIT.as_secs());
            sleep(Duration::from_millis(50));
        }
    }

    /// Clicks the middle of an element.
    ///
    /// # Errors
    /// It is hidden, or something else lies over it.
    pub fn click(&self, element: &Element) -> Result<()> {
        self.call("POST", &format!("/element/{}/click", element.0), &json!({})).map(drop)
    }

    /// Types into an element.
    ///
    /// # Errors
    /// The element takes no keys.
    pub fn type_into(&self, element: &Element, text: &str) -> Result<()> {
        let body = json!({ "text": text });
        self.call("POST", &format!("/element/{}/value", element.0), &body).map(drop)
    }

    /// Sets the value of a field, or of a list, and tells the page that it changed.
    ///
    /// # Errors
    /// No element matches.
    pub fn set_value(&self, css: &str, value: &str) -> Result<()> {
        let (css, value) = (json!(css), json!(value));
        self.script(&format!(
            "const field = document.querySelector({css}); field.value = {value};
             field.dispatchEvent(new Event('change', {{ bubbles: true }}))"
        ))
        .map(drop)
    }

    /// Presses and releases one key, wherever the focus is: a character or one of [`key`].
    ///
    /// # Errors
    /// The driver refuses it.
    pub fn press(&self, key: &str) -> Result<()> {
        let strokes =
            json!([{ "type": "keyDown", "value": key }, { "type": "keyUp", "value": key }]);
        let body = json!({ "actions": [{ "type": "key", "id": "keyboard", "actions": strokes }] });
        self.call("POST", "/actions", &body).map(drop)
    }

    /// Presses keys one after the other and lets them go in the other order.
    ///
    /// # Errors
    /// The driver refuses them.
    pub fn chord(&self, keys: &[&str]) -> Result<()> {
        let down = keys.iter().map(|key| json!({ "type": "keyDown", "value": key }));
        let up = keys.iter().rev().map(|key| json!({ "type": "keyUp", "value": key }));
        let strokes: Vec<Value> = down.chain(up).collect();
        let body = json!({ "actions": [{ "type": "key", "id": "keyboard", "actions": strokes }] });
        self.call("POST", "/actions", &body).map(drop)
    }

    /// The visible text of an element.
    ///
    /// # Errors
    /// The element is gone.
    pub fn text(&self, element: &Element) -> Result<String> {
        let text = self.call("GET", &format!("/element/{}/text", element.0), &Value::Null)?;
        Ok(text.as_str().unwrap_or_default().to_owned())
    }

    /// Runs the body of a JavaScript function and gives what it returns; a promise is awaited.
    ///
    /// # Errors
    /// The script throws.
    pub fn script(&self, body: &str) -> Result<Value> {
        self.call("POST", "/execute/sync", &json!({ "script": body, "args": [] }))
    }

    /// Sets the size of the page's viewport in CSS pixels.
    ///
    /// # Errors
    /// The driver refuses it.
    pub fn viewport(&self, width: u32, height: u32) -> Result<()> {
        // The size of a window includes its frame and has a minimum of about 500.
        let metrics = json!({ "width": width, "height": height, "deviceScaleFactor": 1,
            "mobile": false });
        self.devtools("Emulation.setDeviceMetricsOverride", &metrics).map(drop)
    }

    /// Makes the page see the system theme `light` or `dark`.
    ///
    /// # Errors
    /// The driver refuses it.
    pub fn theme(&self, theme: &str) -> Result<()> {
        let media = json!({ "features": [{ "name": "prefers-color-scheme", "value": theme }] });
        self.devtools("Emulation.setEmulatedMedia", &media).map(drop)
    }

    /// A command of the DevTools protocol.
    ///
    /// # Errors
    /// The browser refuses it.
    pub fn devtools(&self, command: &str, parameters: &Value) -> Result<Value> {
        let body = json!({ "cmd": command, "params": parameters });
        self.call("POST", "/goog/cdp/execute", &body)
    }

    /// The viewport as the bytes of a PNG file.
    ///
    /// # Errors
    /// The browser cannot draw it.
    pub fn screenshot(&self) -> Result<Vec<u8>> {
        let text = self.call("GET", "/screenshot", &Value::Null)?;
        from_base64(text.as_str().context("no picture")?)
    }

    /// What the browser noted since the last call, by the format of Chromium's traces.
    ///
    /// # Errors
    /// It was not started by [`Browser::start_traced`].
    pub fn trace(&self) -> Result<Vec<Value>> {
        let lines = self.call("POST", "/se/log", &json!({ "type": "performance" }))?;
        let mut events = Vec::new();
        for line in lines.as_array().context("no list of lines")? {
            let mut line: Value = serde_json::from_str(line["message"].as_str().unwrap_or("{}"))?;
            if line["message"]["method"] == "Tracing.dataCollected" {
                events.push(line["message"]["params"].take());
            }
        }
        Ok(events)
    }

    /// Every line of the console since the last call, warnings of the browser included.
    ///
    /// # Errors
    /// The driver does not answer.
    pub fn console(&self) -> Result<Vec<String>> {
        let lines = self.call("POST", "/se/log", &json!({ "type": "browser" }))?;
        let lines = lines.as_array().context("no list of lines")?;
        let part = |line: &Value, name: &str| line[name].as_str().unwrap_or_default().to_owned();
        Ok(lines.iter().map(|line| part(line, "level") + ": " + &part(line, "message")).collect())
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // The session first: a killed driver would leave its Chromium behind.
        if !self.session.is_empty() {
            self.call("DELETE", "", &Value::Null).ok();
        }
        self.driver.kill().ok();
        self.driver.wait().ok();
        fs::remove_dir_all(&self.profile).ok();
    }
}

/// One request of the driver's HTTP, and the `value` of its answer.
fn exchange(mut stream: TcpStream, method: &str, path: &str, body: &Value) -> Result<Value> {
    stream.set_read_timeout(Some(COMMAND))?;
    let body = if method == "POST" { body.to_string() } else { String::new() };
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(head.as_bytes())?;
    // The driver keeps the connection open: only the length says where the answer ends.
    let mut reader = BufReader::new(stream);
    let mut length = 0;
    loop {
        let mut line = String::new();
        ensure!(reader.read_line(&mut line)? > 0, "the driver hung up");
        if line.trim().is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse()?;
        }
    }
    let mut answer = vec![0; length];
    reader.read_exact(&mut answer)?;
    let mut answer: Value = serde_json::from_slice(&answer)?;
    let value = answer["value"].take();
    if let Some(error) = value["error"].as_str() {
        bail!("{error}: {}", value["message"].as_str().unwrap_or_default());
    }
    Ok(value)
}

/// The bytes of a text in base64.
///
/// # Errors
/// It has a sign that does not belong to it.
pub fn from_base64(text: &str) -> Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut count) = (0_u32, 0);
    for letter in text.bytes().filter(|letter| *letter != b'=') {
        let value = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'a'..=b'z' => letter - b'a' + 26,
            b'0'..=b'9' => letter - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => bail!("not base64: {letter:#x}"),
        };
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count & 0xff) as u8);
        }
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_of_every_length_is_read() {
        assert_eq!(from_base64("").unwrap(), b"");
        assert_eq!(from_base64("Zg==").unwrap(), b"f");
        assert_eq!(from_base64("Zm8=").unwrap(), b"fo");
        assert_eq!(from_base64("Zm9vYmFy").unwrap(), b"foobar");
        assert_eq!(from_base64("+/+/").unwrap(), [0xfb, 0xff, 0xbf]);
        assert!(from_base64("a b").is_err());
    }
}
