//! `cargo xtask test`: the kinds of tests, their order, and the count at the end.
//!
//! A test target whose name is a kind, or begins with a kind and `_`, belongs to that kind; every
//! other one belongs to `host`. So a new test file needs no change here.

use crate::need::{self, WASM};
use crate::shell::{self, cargo, line, root, run as run_shown, target_dir};
use crate::{page, tidy, wasm};
use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Instant;

/// A kind: its name, what it does, and how.
struct Kind {
    name: &'static str,
    about: &'static str,
    run: fn(&mut Totals) -> Result<()>,
}

const KINDS: [Kind; 12] = [
    Kind { name: "fmt", about: "formatting", run: fmt },
    Kind { name: "lint", about: "clippy and documentation, warnings denied", run: lint },
    Kind { name: "tidy", about: "file length, layers, headers, leftovers, links", run: tidy_up },
    Kind { name: "host", about: "unit and integration tests without processes", run: host },
    Kind { name: "scripts", about: "recorded scenarios, optimised, assertions on", run: scripts },
    Kind { name: "model", about: "all that can happen to small ensembles", run: model },
    Kind { name: "golden", about: "bytes against captures of Apache ZooKeeper", run: golden },
    Kind {
        name: "wasm",
        about: "parts of the page, and the engine in wasm against native",
        run: in_wasm,
    },
    Kind { name: "page", about: "the finished page in a browser", run: whole_page },
    Kind { name: "cluster", about: "real server processes", run: cluster },
    Kind { name: "mixed", about: "Apache's servers and ours in one ensemble", run: mixed },
    Kind { name: "kazoo", about: "real server processes and the Python client kazoo", run: kazoo },
];

/// Cargo profile of simulations: optimised, with every assertion on.
const CHECKED: &str = "checked";

/// All packages but xtask. That one is tested by itself: with the others its dependencies would get
/// other features, and be compiled a second time.
const OTHERS: [&str; 3] = ["--workspace", "--exclude", "xtask"];

/// How many single tests of a kind came out how.
#[derive(Debug, Default, PartialEq, Eq)]
struct Totals {
    passed: u64,
    failed: u64,
    ignored: u64,
}

impl Totals {
    /// Counts one check that is not a test of its own, and shows why it failed.
    fn count(&mut self, result: Result<()>) {
        match result {
            Ok(()) => self.passed += 1,
            Err(error) => {
                eprintln!("failed: {error:#}");
                self.failed += 1;
            }
        }
    }

    fn add(&mut self, other: &Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.ignored += other.ignored;
    }
}

/// The list of kinds for the help text.
pub(crate) fn help() -> String {
    KINDS.iter().fold(String::new(), |mut text, kind| {
        writeln!(text, "  {:<9} {}", kind.name, kind.about).expect("a String takes everything");
        text
    })
}

/// Runs the kinds named, or all, in their order, to the end even if one fails.
pub(crate) fn run(names: &[&str]) -> Result<()> {
    for name in names {
        let known = KINDS.iter().any(|kind| kind.name == *name);
        ensure!(known, "no kind of test is called {name}; see cargo xtask help");
    }
    let chosen: Vec<&Kind> =
        KINDS.iter().filter(|kind| names.is_empty() || names.contains(&kind.name)).collect();
    if names.is_empty() {
        println!(
            "All tests. The first time this compiles for ten to fifteen minutes on two cores."
        );
    }
    let (mut sum, mut seconds_sum, mut table) = (Totals::default(), 0.0, String::new());
    for (index, kind) in chosen.iter().enumerate() {
        println!("\n== {} ({} of {}): {}", kind.name, index + 1, chosen.len(), kind.about);
        let (started, mut totals) = (Instant::now(), Totals::default());
        if let Err(error) = (kind.run)(&mut totals) {
            totals.count(Err(error));
        }
        let seconds = started.elapsed().as_secs_f64();
        println!("== {}: {seconds:.1} s", kind.name);
        add_row(&mut table, kind.name, &totals, seconds)?;
        sum.add(&totals);
        seconds_sum += seconds;
    }
    add_row(&mut table, "sum", &sum, seconds_sum)?;
    println!("\n{:<9} {:>7} {:>7} {:>8} {:>8}", "kind", "passed", "failed", "ignored", "seconds");
    println!("{table}\n{} passed, {} failed", sum.passed, sum.failed);
    if sum.failed > 0 {
        bail!("{} tests failed", sum.failed);
    }
    ensure!(sum.passed + sum.ignored > 0 || !names.is_empty(), "no test was run");
    Ok(())
}

fn add_row(table: &mut String, name: &str, totals: &Totals, seconds: f64) -> Result<()> {
    let Totals { passed, failed, ignored } = totals;
    writeln!(table, "{name:<9} {passed:>7} {failed:>7} {ignored:>8} {seconds:>8.1}")?;
    Ok(())
}

fn fmt(totals: &mut Totals) -> Result<()> {
    totals.count(run_shown(&mut cargo(["fmt", "--all", "--check"])));
    Ok(())
}

fn lint(totals: &mut Totals) -> Result<()> {
    need::wasm_target()?;
    let mut clippy = cargo(["clippy"]);
    clippy.args(OTHERS).arg("--all-targets");
    // Left out by --all-targets, because a plain `cargo test` does not run them.
    for target in targets()?.iter().filter(|target| !target.by_default && !target.is_bin) {
        clippy.args(["--test", &target.name]);
    }
    totals.count(run_shown(clippy.args(["--", "-D", "warnings"])));
    let own = ["clippy", "-p", "xtask", "--all-targets", "--", "-D", "warnings"];
    totals.count(run_shown(&mut cargo(own)));
    let web = ["clippy", "-p", "zabscope-web", "--target", WASM, "--lib", "--bins", "--test", "*"];
    totals.count(run_shown(cargo(web).args(["--", "-D", "warnings"])));
    let mut doc = cargo(["doc", "--no-deps"]);
    totals.count(run_shown(doc.args(OTHERS).env("RUSTDOCFLAGS", "-D warnings")));
    Ok(())
}

fn tidy_up(totals: &mut Totals) -> Result<()> {
    for (rule, faults) in tidy::check()? {
        let result =
            if faults.is_empty() { Ok(()) } else { Err(anyhow::anyhow!(faults.join("\n  "))) };
        totals.count(result.with_context(|| format!("{rule}:\n  ")));
    }
    Ok(())
}

fn host(totals: &mut Totals) -> Result<()> {
    let mut tests = cargo(["test", "--no-fail-fast", "--lib"]);
    tests.args(OTHERS);
    for target in targets()?
        .iter()
        .filter(|target| target.by_default && target.kind() == "host" && target.name != "xtask")
    {
        tests.args([if target.is_bin { "--bin" } else { "--test" }, &target.name]);
    }
    count_tests(&mut tests, totals)?;
    count_tests(cargo(["test", "--no-fail-fast", "--doc"]).args(OTHERS), totals)?;
    count_tests(&mut cargo(["test", "--no-fail-fast", "-p", "xtask", "--bin", "xtask"]), totals)
}

fn scripts(totals: &mut Totals) -> Result<()> {
    let Some(mut tests) = tests_of("scripts")? else { return Ok(()) };
    count_tests(tests.args(["--profile", CHECKED]), totals)
}

fn model(totals: &mut Totals) -> Result<()> {
    let Some(mut tests) = tests_of("model")? else { return Ok(()) };
    // The sizes of the searches are shown, not only that they are right.
    count_tests(tests.args(["--profile", CHECKED, "--", "--nocapture"]), totals)
}

fn golden(totals: &mut Totals) -> Result<()> {
    let Some(mut tests) = tests_of("golden")? else { return Ok(()) };
    count_tests(&mut tests, totals)
}

fn in_wasm(totals: &mut Totals) -> Result<()> {
    need::wasm_target()?;
    let browser = need::browser()?;

    let profile = "wasm-release";
    let build = ["build", "-p", "zabscope-probe", "--lib", "--target", WASM, "--profile", profile];
    run_shown(&mut cargo(build))?;
    let probe = target_dir()?.join(WASM).join(profile).join("zabscope_probe.wasm");
    let imports = wasm::imports(&fs::read(&probe)?)?;
    let none = ensure_none(&imports);
    totals.count(none.context("the engine in wasm asks its host for something"));
    if let Some(mut tests) = tests_of("wasm")? {
        browser.name_to(&mut tests);
        count_tests(tests.env("ZABSCOPE_PROBE", &probe), totals)?;
    }

    println!("The runner of the page's tests: compiling it takes two minutes the first time.");
    run_shown(&mut cargo([
        "build",
        "-p",
        "xtask",
        "--bin",
        "wasm-runner",
        "--features",
        "runner",
    ]))?;
    let runner = target_dir()?.join("debug/wasm-runner");
    let mut tests = cargo(["test", "-p", "zabscope-web", "--no-fail-fast", "--test", "*"]);
    tests.args(["--target", WASM, "--profile", page::DEVELOPMENT]);
    browser.name_to(&mut tests);
    browser.configure_runner(&mut tests)?;
    tests.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER", runner);
    // The default of 20 s is not enough while other programs keep the machine busy.
    tests.env("WASM_BINDGEN_TEST_TIMEOUT", "120").env("WASM_BINDGEN_TEST_DRIVER_TIMEOUT", "60");
    count_tests(&mut tests, totals)
}

fn ensure_none(imports: &[String]) -> Result<()> {
    ensure!(imports.is_empty(), "imports: {}", imports.join(", "));
    Ok(())
}

fn whole_page(totals: &mut Totals) -> Result<()> {
    let browser = need::browser()?;
    totals.count(page::build_checked());
    if let Some(mut tests) = tests_of("page")? {
        browser.name_to(&mut tests);
        count_tests(tests.env("ZABSCOPE_PAGE", page::finished()?), totals)?;
    }
    if let Some(trunk) = shell::find(&["trunk"]) {
        let mut build = Command::new(trunk);
        build.current_dir(root()).args(["build", "--offline", "--dist"]);
        totals.count(run_shown(build.arg(target_dir()?.join("page-by-trunk"))));
    } else {
        println!("trunk is not on PATH: only xtask's own reading of its files was tested.");
    }
    Ok(())
}

fn cluster(totals: &mut Totals) -> Result<()> {
    let Some(mut tests) = tests_of("cluster")? else { return Ok(()) };
    name_server(&mut tests)?;
    count_tests(&mut tests, totals)
}

fn mixed(totals: &mut Totals) -> Result<()> {
    let Some(classes) = need::apache()? else {
        println!("SKIPPED: there is no Java here, or no Debian package `zookeeper`.");
        return Ok(());
    };
    let Some(mut tests) = tests_of("mixed")? else { return Ok(()) };
    name_server(&mut tests)?;
    count_tests(tests.env("ZABSCOPE_APACHE", classes), totals)
}

fn kazoo(totals: &mut Totals) -> Result<()> {
    let Some(mut tests) = tests_of("kazoo")? else { return Ok(()) };
    name_server(&mut tests)?;
    count_tests(tests.env("ZABSCOPE_PYTHON", need::python_with_kazoo()?), totals)
}

/// Builds the server and tells the tests where it is.
fn name_server(tests: &mut Command) -> Result<()> {
    run_shown(cargo(["build", "--bin", "zabscope"]).args(OTHERS))?;
    tests.env("ZABSCOPE_BIN", target_dir()?.join("debug/zabscope"));
    Ok(())
}

/// A target that can hold tests, besides libraries.
#[derive(Debug)]
struct Target {
    name: String,
    is_bin: bool,
    /// A plain `cargo test` runs it.
    by_default: bool,
}

impl Target {
    fn kind(&self) -> &'static str {
        let belongs = |kind: &&Kind| {
            let rest = self.name.strip_prefix(kind.name);
            !self.is_bin && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
        };
        KINDS.iter().find(belongs).map_or("host", |kind| kind.name)
    }
}

/// The binaries and test targets of the workspace.
fn targets() -> Result<Vec<Target>> {
    let text = shell::read(&mut cargo(["metadata", "--no-deps", "--format-version", "1"]))?;
    let about: Value = serde_json::from_str(&text)?;
    let packages = about["packages"].as_array().context("cargo metadata lists no packages")?;
    let all = packages.iter().filter_map(|package| package["targets"].as_array()).flatten();
    let of = |target: &Value, kind: &str| target["kind"][0] == kind;
    all.filter(|target| of(target, "bin") || of(target, "test"))
        .map(|target| {
            Ok(Target {
                name: target["name"].as_str().context("a target without a name")?.to_owned(),
                is_bin: of(target, "bin"),
                by_default: target["test"] == true,
            })
        })
        .collect()
}

/// The command that runs the test targets of a kind; none if there are none.
fn tests_of(kind: &str) -> Result<Option<Command>> {
    // The same packages as for `host`, so that nothing is compiled twice with other features.
    let mut tests = cargo(["test", "--no-fail-fast"]);
    tests.args(OTHERS);
    let mut any = false;
    for target in targets()?.iter().filter(|target| target.kind() == kind) {
        tests.args(["--test", &target.name]);
        any = true;
    }
    if !any {
        println!("There are no tests of this kind: no test target is called {kind} or {kind}_*.");
    }
    Ok(any.then_some(tests))
}

/// Runs tests, shows what they print, and adds up what their last lines say.
fn count_tests(command: &mut Command, totals: &mut Totals) -> Result<()> {
    println!("$ {}", line(command));
    let mut child = command.stdout(Stdio::piped()).spawn()?;
    let output = child.stdout.take().context("no output")?;
    let mut seen = Totals::default();
    for line in BufReader::new(output).split(b'\n') {
        let line = line?;
        let line = String::from_utf8_lossy(&line);
        println!("{line}");
        if let Some(result) = test_result(&line) {
            seen.add(&result);
        }
    }
    let status = child.wait()?;
    totals.add(&seen);
    // Something besides a test went wrong: it did not compile, or a test ended the process.
    ensure!(status.success() || seen.failed > 0, "{} failed ({status})", line(command));
    Ok(())
}

/// Reads `test result: ok. 3 passed; 0 failed; 1 ignored; ...`.
fn test_result(line: &str) -> Option<Totals> {
    let (_, counts) = line.trim().strip_prefix("test result: ")?.split_once(". ")?;
    let mut totals = Totals::default();
    for part in counts.split(';') {
        let (number, what) = part.trim().split_once(' ')?;
        match what {
            "passed" => totals.passed = number.parse().ok()?,
            "failed" => totals.failed = number.parse().ok()?,
            "ignored" => totals.ignored = number.parse().ok()?,
            _ => {}
        }
    }
    Some(totals)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_of_a_test_binary_is_counted() {
        let line = "test result: FAILED. 12 passed; 3 failed; 1 ignored; 0 measured; \
                    7 filtered out; finished in 0.00s";
        let counted = Totals { passed: 12, failed: 3, ignored: 1 };
        assert_eq!(test_result(line), Some(counted));
        assert_eq!(test_result("test a ... ok"), None);
    }

    #[test]
    fn a_target_belongs_to_the_kind_in_its_name() {
        let kind =
            |name: &str, is_bin| Target { name: name.to_owned(), is_bin, by_default: true }.kind();
        assert_eq!(kind("page", false), "page");
        assert_eq!(kind("golden_client", false), "golden");
        assert_eq!(kind("pages", false), "host");
        assert_eq!(kind("codecs", false), "host");
        assert_eq!(kind("page", true), "host");
    }

    #[test]
    fn a_failed_check_is_counted_as_one() {
        let mut totals = Totals::default();
        totals.count(Ok(()));
        totals.count(Err(anyhow::anyhow!("broken on purpose, by this test")));
        assert_eq!(totals, Totals { passed: 1, failed: 1, ignored: 0 });
    }
}
