//! `cargo xtask later`: measures what the first screen runs, and writes down what comes later.

use crate::page::{self, Purpose};
use crate::shell::root;
use crate::split::{self, List};
use crate::{need, probe};
use anyhow::{Context, Result};
use serde_json::json;
use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::thread::sleep;
use std::time::Duration;
use walrus::{FunctionKind, Module};
use zabscope_tests::browser::{Browser, key};
use zabscope_tests::serve;

/// A desktop and a telephone, in CSS pixels.
const SIZES: [(u32, u32); 2] = [(1440, 900), (390, 844)];
const THEMES: [&str; 2] = ["light", "dark"];
const MOTIONS: [&str; 2] = ["no-preference", "reduce"];
/// Instructions of a function of another crate that is worth a line of its own.
const WORTH_A_LINE: u64 = 12;
/// How the crates of this project begin.
const OWN: &str = "zabscope_";
/// What stands above the list.
const HEAD: &str = "\
# Code that the first screen does not run, measured by `cargo xtask later`: xtask/src/split cuts the
# page's wasm module by this list. A line is the beginning of a path as it stands in the name of a
# function; what is made for such a type comes later too, but for what a line with ! names.
";
/// How long the first screen is looked at: once in each motion, and in the other variants.
const LOOK: [Duration; 2] = [Duration::from_secs(20), Duration::from_secs(2)];
/// Ways in that need all of the code: until that is there, some of it decides so.
const OTHERS: [&str; 8] = [
    "?fails#/",
    "#/keys",
    "?fails#/keys",
    "#/nowhere",
    "#/run/leader-dies/3",
    "#/run/leader-dies",
    "#/run/nothing/x",
    "#r=1.abc",
];

/// The functions that run before the second half is there, by their place in the module.
fn first(address: &str) -> Result<BTreeSet<usize>> {
    let browser = need::browser()?.start()?;
    let mut found = BTreeSet::new();
    let mut visit = |path: &str, look: Duration| -> Result<()> {
        browser.open("about:blank")?;
        browser.open(&format!("http://{address}/{path}"))?;
        if path.ends_with("#/") {
            browser.wait_for("#app main")?;
            sleep(look);
            touch(&browser)?;
        }
        sleep(LOOK[1]);
        found.extend(read(&browser)?);
        println!("{:>5} functions have run: {path}", found.len());
        Ok(())
    };
    for (width, height) in SIZES {
        for theme in THEMES {
            for motion in MOTIONS {
                println!("{width} x {height}, {theme}, reduced motion: {motion}");
                browser.viewport(width, height)?;
                let features = json!([
                    { "name": "prefers-color-scheme", "value": theme },
                    { "name": "prefers-reduced-motion", "value": motion },
                ]);
                browser.devtools("Emulation.setEmulatedMedia", &json!({ "features": features }))?;
                let is_usual = (width, theme) == (SIZES[0].0, THEMES[0]);
                visit("#/", LOOK[usize::from(!is_usual)])?;
            }
        }
    }
    for path in OTHERS {
        visit(path, LOOK[1])?;
    }
    Ok(found)
}

/// What may happen before the second half of the code is there.
fn touch(browser: &Browser) -> Result<()> {
    for letter in [key::TAB, key::TAB, "x", key::RIGHT] {
        browser.press(letter)?;
    }
    browser.script("document.querySelector('#play').click()")?;
    Ok(())
}

fn read(browser: &Browser) -> Result<Vec<usize>> {
    let hits = browser.script(&format!(
        "const hits = new Uint8Array(window.zabscopeProbed.{}.buffer);
         return [...hits.keys()].filter(place => hits[place])",
        probe::HITS
    ))?;
    let hits = hits.as_array().context("no list of places")?;
    Ok(hits.iter().filter_map(|hit| usize::try_from(hit.as_u64()?).ok()).collect())
}

/// Measures, and writes the list; beside the page with probes also what became of each function.
pub(crate) fn run() -> Result<()> {
    let folder = page::build(Purpose::Probing)?;
    let first = first(&serve::start(&folder, 0)?.to_string())?;
    let module = Module::from_file(folder.join(page::NAMED))?;
    let list = list(&module, &first)?;
    let text = list.text();
    fs::write(root().join(page::LATER), format!("{HEAD}{text}"))?;
    println!("{}: {} lines", page::LATER, text.lines().count());
    let about = folder.join("functions.txt");
    fs::write(&about, table(&module, &first, &split::later(&module, &list)?)?)?;
    println!("{}: each function", about.display());
    Ok(())
}

/// What became of each function, the heaviest first: its instructions, if it ran, its half, its name.
fn table(module: &Module, first: &BTreeSet<usize>, later: &BTreeSet<usize>) -> Result<String> {
    let (names, weights) = (split::names(module), weights(module));
    let mut places: Vec<usize> = (0..names.len()).filter(|place| weights[*place] > 0).collect();
    places.sort_by_key(|place| Reverse(weights[*place]));
    let mut table = String::new();
    for place in places {
        let ran = if first.contains(&place) { "ran" } else { "-" };
        let half = if later.contains(&place) { "later" } else { "first" };
        writeln!(table, "{:>6} {ran:<3} {half} {}", weights[place], names[place])?;
    }
    Ok(table)
}

/// The number of instructions of each function, none for what is imported.
fn weights(module: &Module) -> Vec<u64> {
    let weight = |function: &walrus::Function| match &function.kind {
        FunctionKind::Local(body) => body.size(),
        _ => 0,
    };
    module.funcs.iter().map(weight).collect()
}

/// The list by which the functions that did not run come later, but for small ones.
fn list(module: &Module, first: &BTreeSet<usize>) -> Result<List> {
    let names = split::names(module);
    let kept: BTreeSet<&str> = first.iter().map(|place| names[*place].as_str()).collect();
    let others = |is_wanted: &dyn Fn(usize, &str) -> bool| -> Vec<&str> {
        let all = names.iter().map(String::as_str).enumerate();
        let others = all.filter(|(place, name)| !kept.contains(name) && is_wanted(*place, name));
        others.map(|(_, name)| name).collect()
    };
    let mut list = List::default();
    list.add(
        others(&|_, name| name.trim_start_matches(['<', '&']).starts_with(OWN)).into_iter(),
        &kept,
    );
    // Made for what these name, or called by nothing else: that needs no line.
    let found = split::later(module, &list)?;
    let weights = weights(module);
    let rest = others(&|place, _| !found.contains(&place) && weights[place] >= WORTH_A_LINE);
    list.add(rest.into_iter(), &kept);
    Ok(list)
}
