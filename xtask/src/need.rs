//! What a fresh machine lacks is installed here, when it is first needed.
//!
//! Each function looks first, which costs milliseconds, and says what it installs and how long
//! that takes before it starts.

use crate::shell::{self, find, root, run, target_dir};
use anyhow::{Context, Result, bail};
use serde_json::json;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use zabscope_tests::browser::FLAGS;

pub(crate) const WASM: &str = "wasm32-unknown-unknown";
const BROWSER: [&str; 2] = ["chromium", "chromium-driver"];
/// The ZooKeeper client of the Python world, as the tests know it.
const KAZOO: &str = "kazoo==2.11.0";

/// The rules for accessible pages, as the tests know them.
const AXE_VERSION: &str = "4.14.1";

/// The wasm target of the toolchain in use.
pub(crate) fn wasm_target() -> Result<()> {
    let mut ask = Command::new(env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    ask.current_dir(root()).args(["--print", "target-libdir", "--target", WASM]);
    if Path::new(shell::read(&mut ask)?.trim()).is_dir() {
        return Ok(());
    }
    println!("The target {WASM} is missing: installing it (30 MB, some seconds).");
    run(Command::new("rustup").current_dir(root()).args(["target", "add", WASM]))
        .with_context(|| format!("needed: rustup target add {WASM}"))
}

/// The programs that drive a browser.
#[derive(Debug)]
pub(crate) struct Browser {
    driver: PathBuf,
    chromium: PathBuf,
}

impl Browser {
    /// Tells a program that starts a browser where it is.
    pub(crate) fn name_to(&self, command: &mut Command) {
        command.env("CHROMEDRIVER", &self.driver).env("CHROMIUM", &self.chromium);
    }

    /// Tells the runner of wasm-bindgen how to start the browser.
    pub(crate) fn configure_runner(&self, command: &mut Command) -> Result<()> {
        let file = target_dir()?.join("webdriver.json");
        let options = json!({ "goog:chromeOptions": { "binary": self.chromium, "args": FLAGS } });
        fs::write(&file, options.to_string())?;
        command.env("WASM_BINDGEN_TEST_WEBDRIVER_JSON", file);
        Ok(())
    }

    /// Starts it.
    pub(crate) fn start(&self) -> Result<zabscope_tests::browser::Browser> {
        zabscope_tests::browser::Browser::with(&self.driver, Some(&self.chromium))
    }

    fn find() -> Option<Self> {
        // GitHub's runners have several browsers, and name the folder of Chrome's driver.
        if let Some(folder) = env::var_os("CHROMEWEBDRIVER") {
            let driver = Path::new(&folder).join("chromedriver");
            return Some(Self { driver, chromium: find(&["google-chrome"])? });
        }
        let or_on_path = |variable: &str, names: &[&str]| {
            env::var_os(variable).map(PathBuf::from).or_else(|| find(names))
        };
        let driver = or_on_path("CHROMEDRIVER", &["chromedriver"])?;
        let chromium = or_on_path("CHROMIUM", &["chromium", "chromium-browser", "google-chrome"])?;
        Some(Self { driver, chromium })
    }
}

/// Chromium and its driver.
pub(crate) fn browser() -> Result<Browser> {
    if let Some(browser) = Browser::find() {
        return Ok(browser);
    }
    apt(&BROWSER, "a browser for the tests: 130 MB to download, about a minute")?;
    Browser::find().context("chromium and chromedriver are not on PATH after their installation")
}

/// A Python that has kazoo, in a virtual environment of its own.
pub(crate) fn python_with_kazoo() -> Result<PathBuf> {
    let folder = target_dir()?.join("python");
    let python = folder.join("bin/python");
    let has_kazoo = |python: &Path| {
        let check = "import importlib.metadata as m; print('kazoo==' + m.version('kazoo'))";
        shell::read(Command::new(python).args(["-c", check])).is_ok_and(|said| said.trim() == KAZOO)
    };
    if has_kazoo(&python) {
        return Ok(python);
    }
    println!("{KAZOO} is missing: installing it into {} (10 s).", folder.display());
    let system = find(&["python3"]).context("needed: python3")?;
    let make = || run(Command::new(&system).args(["-m", "venv"]).arg(&folder));
    if make().is_err() {
        // Debian's python3 comes without what venv needs.
        apt(&["python3-venv"], "Python's venv")?;
        make()?;
    }
    let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", KAZOO];
    run(Command::new(&python).args(pip)).with_context(|| format!("needed: pip install {KAZOO}"))?;
    Ok(python)
}

/// The rules of axe-core, as a script to put into a page.
pub(crate) fn axe() -> Result<PathBuf> {
    let folder = target_dir()?.join("axe");
    let package = folder.join("node_modules/axe-core");
    let is_there = fs::read_to_string(package.join("package.json")).is_ok_and(|text| {
        serde_json::from_str(&text).is_ok_and(|it: serde_json::Value| it["version"] == AXE_VERSION)
    });
    if !is_there {
        let wanted = format!("axe-core@{AXE_VERSION}");
        println!("{wanted} is missing: installing it into {} (5 s).", folder.display());
        let npm = find(&["npm"]).context("needed: npm, which comes with Node")?;
        fs::create_dir_all(&folder)?;
        let quiet = ["--no-audit", "--no-fund", "--ignore-scripts", "--loglevel", "error"];
        run(Command::new(npm).arg("install").arg("--prefix").arg(&folder).args(quiet).arg(&wanted))
            .with_context(|| format!("needed: npm install {wanted}"))?;
    }
    Ok(package.join("axe.min.js"))
}

/// Apache's server as a class path, from Debian's package; none where that cannot be had.
pub(crate) fn apache() -> Result<Option<String>> {
    let found = || {
        let jars = Path::new("/usr/share/java").join("zookeeper.jar").is_file();
        let classes = "/usr/share/java/slf4j-simple.jar:/usr/share/java/*";
        (jars && find(&["java"]).is_some()).then(|| classes.to_owned())
    };
    if found().is_none() && find(&["apt-get"]).is_some() && is_root() {
        apt(&["zookeeper"], "Apache's server for mixed ensembles: 20 MB, with Java 200")?;
    }
    Ok(found())
}

fn is_root() -> bool {
    shell::read(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0")
}

/// Installs Debian packages, or fails with the line to type.
fn apt(packages: &[&str], what: &str) -> Result<()> {
    let line = format!("apt-get install -y --no-install-recommends {}", packages.join(" "));
    if !is_root() || find(&["apt-get"]).is_none() {
        bail!("needed: {what}. Install it, on Debian by: sudo {line}");
    }
    println!("Missing: {what}.");
    let apt = |arguments: &[&str]| {
        let mut command = Command::new("apt-get");
        command.env("DEBIAN_FRONTEND", "noninteractive").args(["-q"]).args(arguments);
        run(&mut command)
    };
    // Old package lists name files that are gone; without any list nothing can be found.
    apt(&["update"])?;
    let install = ["install", "-y", "--no-install-recommends"];
    apt(&[&install[..], packages].concat()).with_context(|| format!("needed: {line}"))
}
