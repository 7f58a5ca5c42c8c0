//! `cargo xtask screenshots`: the pictures of docs/VIEWS.md, and that document, drawn by the finished
//! page itself.

use crate::{need, page, shell::root};
use anyhow::{Context, Result, ensure};
use serde_json::json;
use std::fmt::Write as _;
use std::fs;
use zabscope_tests::browser::{Browser, from_base64};
use zabscope_tests::serve;

/// A view of the page.
struct View {
    /// Part of the names of its files.
    name: &'static str,
    /// What the document says of it.
    about: &'static str,
    /// The address below the page.
    at: &'static str,
    /// What is done there: scripts, each with what must be there after it.
    steps: &'static [(&'static str, &'static str)],
    /// The tab that shows it on a telephone, if that is not the one that is open.
    tab: &'static str,
}

/// The run of the first screen, standing still: a write is half-way.
const HALF_WAY: (&str, &str) = ("location.hash = '#/play'", "#part-clients");
/// The diagram, which stands below the stage or, on a telephone, in a tab of its own.
const IN_TIME: (&str, &str) =
    ("press('#tab-diagram')", "#lanes [role=option], #lanes-down [role=option]");

/// What scripts may call: a press, and what is typed.
const HELPERS: &str = "
    const press = css => {
        const found = document.querySelector(css);
        if (!found) throw new Error(css + ' is not there');
        found.dispatchEvent(new MouseEvent('click', { bubbles: true }));
        if (found.localName === 'summary') found.parentElement.open = true;
    };
    const type = (css, text) => {
        const field = document.querySelector(css);
        field.value = text;
        field.dispatchEvent(new InputEvent('input', { bubbles: true }));
    };
    const key = (key, more = {}) =>
        window.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, ...more }));
    const forward = async (times, until) => {
        for (let n = 0; n < times && !(until && document.querySelector(until)); n++) {
            key('.');
            await new Promise(requestAnimationFrame);
        }
    };
    const arrow = name => [...document.querySelectorAll('#lanes [role=option], #lanes-down [role=option]')]
        .find(arrow => arrow.ariaLabel.includes(name))
        .dispatchEvent(new MouseEvent('click', { bubbles: true }));
";

const VIEWS: [View; 29] = [
    View {
        name: "first",
        about: "The first screen: an ensemble in the middle of a write, one action, three ways in.",
        at: "#/",
        steps: &[],
        tab: "",
    },
    View {
        name: "lesson",
        about: "A step of a guided run, with its question; the right column says what is missing.",
        at: "#/run/leader-dies/3",
        steps: &[("", "#lesson-next")],
        tab: "",
    },
    View {
        name: "answer",
        about: "A wrong answer: the engine ran both futures.",
        at: "#/run/leader-dies/3",
        steps: &[("", "#answer-1"), ("press('#answer-1')", "#graded")],
        tab: "",
    },
    View {
        name: "word",
        about: "A word that the glossary explains.",
        at: "#/run/leader-dies/5",
        steps: &[("", ".term"), ("document.querySelector('.term').focus()", ".tip:not([hidden])")],
        tab: "",
    },
    View {
        name: "lesson-acts",
        about: "What a step lets the learner do.",
        at: "#/run/leader-dies/7",
        steps: &[
            ("", "#answer-4"),
            ("press('#answer-4')", "#lesson-acts"),
            ("press('#server-2')", "#act-crash"),
        ],
        tab: "inspect",
    },
    View {
        name: "lock",
        about: "Three clients in turn for a lock, twice: all watch the holder, or each the one before.",
        at: "#/run/lock/3",
        steps: &[("", "#lesson-next")],
        tab: "",
    },
    View {
        name: "play",
        about: "The playground: asking as a client, by form and by command.",
        at: "#/",
        steps: &[HALF_WAY],
        tab: "",
    },
    View {
        name: "acts",
        about: "What can be done to a server.",
        at: "#/",
        steps: &[HALF_WAY, ("press('#server-5')", "#act-crash")],
        tab: "inspect",
    },
    View {
        name: "server",
        about: "A server: all that it knows, and what the last step changed of it.",
        at: "#/",
        steps: &[HALF_WAY, ("press('#server-5'); key('.'); key('.')", "#knows")],
        tab: "inspect",
    },
    View {
        name: "link",
        about: "A link that is cut in one direction.",
        at: "#/",
        steps: &[
            HALF_WAY,
            ("press('#link-1-2 .reach')", "#act-cut-0"),
            ("press('#act-cut-0')", ".link.half"),
        ],
        tab: "inspect",
    },
    View {
        name: "partition",
        about: "A partition: two sides, and the links between them cut.",
        at: "#/",
        steps: &[
            HALF_WAY,
            (
                "press('#do-faults'); press('#side-1'); press('#side-2')",
                "#side-2[aria-pressed=true]",
            ),
            ("press('#act-partition')", ".hull"),
        ],
        tab: "",
    },
    View {
        name: "held",
        about: "Messages that are held wait in a row before their receiver.",
        at: "#/",
        steps: &[
            HALF_WAY,
            ("press('#link-1-5 .reach')", "#act-hold"),
            ("press('#act-hold')", ".message.held"),
            ("forward(90)", ".message.held[data-part=queue]"),
        ],
        tab: "",
    },
    View {
        name: "message",
        about: "A message: its fields beside its bytes, and the way back to what caused it.",
        at: "#/",
        steps: &[HALF_WAY, IN_TIME, ("arrow('PROPOSAL')", "#bytes")],
        tab: "inspect",
    },
    View {
        name: "session",
        about: "A client with its session: who counts its time, what it owns, where it was.",
        at: "#/run/ephemeral/3",
        steps: &[("", "#client-1"), ("press('#client-1')", "#session-events")],
        tab: "inspect",
    },
    View {
        name: "znode",
        about: "A znode on every server, with its whole Stat.",
        at: "#/run/ephemeral/1",
        steps: &[
            ("", "#client-1"),
            ("press('#client-1')", "#owns button"),
            ("press('#owns button')", "#copies"),
        ],
        tab: "inspect",
    },
    View {
        name: "causes",
        about: "Why a znode vanished: from the last sign of life of its client to the commit.",
        at: "#/run/ephemeral/5",
        steps: &[
            ("", "#client-1"),
            ("press('#client-1')", "#chain"),
            (
                "document.querySelector('#inspector').hidden = true; document.querySelector('#chain li:nth-child(2) button').focus()",
                "#chain",
            ),
        ],
        tab: "inspect",
    },
    View {
        name: "why",
        about: "Why a write is not committed: the guard that fails, with its values, and what is awaited.",
        at: "#/run/one-write/3",
        steps: &[("", "#why .guards")],
        tab: "inspect",
    },
    View {
        name: "diagram",
        about: "Servers and clients in time: messages, writes to disk, logs.",
        at: "#/",
        steps: &[HALF_WAY, IN_TIME, ("arrow('PROPOSAL')", ".msg.selected")],
        tab: "diagram",
    },
    View {
        name: "events",
        about: "What happened.",
        at: "#/",
        steps: &[HALF_WAY, ("press('#tab-events')", ".dock #log")],
        tab: "events",
    },
    View {
        name: "tree",
        about: "The znodes of all servers beside each other.",
        at: "#/",
        steps: &[
            HALF_WAY,
            ("press('#tab-tree')", "#trees"),
            ("forward(60, '#trees tr.differs')", "#trees tr.differs"),
            ("[...document.querySelectorAll('#trees tr.differs button')].pop().click()", "#stat"),
        ],
        tab: "tree",
    },
    View {
        name: "charts",
        about: "Charts of the run, and searches in a worker.",
        at: "#/",
        steps: &[HALF_WAY, ("press('#tab-charts')", ".dock svg, .dock canvas, .dock img")],
        tab: "charts",
    },
    View {
        name: "command",
        about: "The command line of a client.",
        at: "#/",
        steps: &[
            HALF_WAY,
            ("type('#command', 'help')", "#command"),
            ("document.querySelector('.command').requestSubmit()", "#command-said"),
            (
                "type('#command', 'get /h'); document.querySelector('#command').focus()",
                "#command-offers",
            ),
        ],
        tab: "",
    },
    View {
        name: "orders",
        about: "All orders in one list: Ctrl+K.",
        at: "#/",
        steps: &[
            HALF_WAY,
            ("key('k', { ctrlKey: true })", "#palette"),
            ("type('#palette', 'server 2')", "#palette-list li"),
        ],
        tab: "",
    },
    View {
        name: "share",
        about: "A link that carries the exact run, and the run as a file.",
        at: "#/",
        steps: &[HALF_WAY, ("press('#share-open')", "#link")],
        tab: "",
    },
    View {
        name: "branches",
        about: "An act in the past begins another branch; the old one stays.",
        at: "#/",
        steps: &[
            HALF_WAY,
            (
                "for (let n = 0; n < 20; n++) key('.'); for (let n = 0; n < 20; n++) key(','); key('k')",
                ".down",
            ),
            ("press('#branches-open')", "#branches-open"),
        ],
        tab: "",
    },
    View {
        name: "cluster",
        about: "How to run a real cluster with the same engine.",
        at: "#/cluster",
        steps: &[],
        tab: "",
    },
    View {
        name: "real",
        about: "What is real here, and what is simplified.",
        at: "#/real",
        steps: &[],
        tab: "",
    },
    View { name: "keys", about: "Keys and settings.", at: "#/keys", steps: &[], tab: "" },
    View {
        name: "words",
        about: "The glossary of the guided runs.",
        at: "#/words",
        steps: &[],
        tab: "",
    },
];
/// A desktop and a telephone, in CSS pixels.
const SIZES: [(&str, u32, u32); 2] = [("wide", 1440, 900), ("narrow", 390, 844)];
const THEMES: [&str; 2] = ["light", "dark"];
/// Of the WebP files: text stays sharp, and a picture stays below [`BYTES_MAX`].
const QUALITY: u32 = 78;
/// Largest picture, and largest sum of all.
const BYTES_MAX: usize = 120_000;
const ALL_BYTES_MAX: usize = 7_000_000;

/// Builds the page, draws these views (all if none is named) in each size and theme, and writes the
/// document that shows them. Nothing is written before everything is drawn.
pub(crate) fn run(names: &[&str]) -> Result<()> {
    for name in names {
        ensure!(VIEWS.iter().any(|view| view.name == *name), "no view is called {name}");
    }
    let wanted: Vec<&View> =
        VIEWS.iter().filter(|view| names.is_empty() || names.contains(&view.name)).collect();
    let browser = need::browser()?;
    let address = serve::start(&page::build(page::Purpose::Visitors)?, 0)?;
    let browser = browser.start()?;
    let mut pictures = Vec::new();
    for view in wanted {
        for (size, width, height) in SIZES {
            for theme in THEMES {
                browser.viewport(width, height)?;
                browser.theme(theme)?;
                let name = format!("{}-{size}-{theme}.webp", view.name);
                let picture =
                    reach(&browser, view, &format!("http://{address}/"), size == "narrow")
                        .and_then(|()| draw(&browser))
                        .with_context(|| name.clone())?;
                println!("docs/images/{name}  {width} x {height}  {} bytes", picture.len());
                ensure!(picture.len() <= BYTES_MAX, "{name} is larger than {BYTES_MAX} bytes");
                pictures.push((name, picture));
            }
        }
    }
    write(&pictures, names.is_empty())
}

/// Writes pictures; if they are `all` that there are, older ones go.
fn write(pictures: &[(String, Vec<u8>)], all: bool) -> Result<()> {
    let bytes: usize = pictures.iter().map(|(_, picture)| picture.len()).sum();
    ensure!(bytes <= ALL_BYTES_MAX, "the pictures have {bytes} bytes, more than {ALL_BYTES_MAX}");
    let folder = root().join("docs/images");
    if all && folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    for (name, picture) in pictures {
        fs::write(folder.join(name), picture)?;
    }
    fs::write(root().join("docs/VIEWS.md"), document())?;
    println!("docs/VIEWS.md, {} pictures, {bytes} bytes", pictures.len());
    Ok(())
}

/// Opens the page anew, so that no picture depends on the one before it, and goes to the view.
fn reach(browser: &Browser, view: &View, page: &str, narrow: bool) -> Result<()> {
    // A file beside the page: what is kept can be forgotten where nothing is kept any more.
    browser.open(&format!("{page}offline.js"))?;
    browser.script("localStorage.clear(); sessionStorage.clear()")?;
    browser.open(&format!("{page}{}", view.at))?;
    browser.wait_for("#app main")?;
    for (script, after) in view.steps {
        if !script.is_empty() {
            browser.script(&format!("{HELPERS}{script}"))?;
        }
        browser.wait_for(after)?;
    }
    if narrow && !view.tab.is_empty() {
        let tab = format!("#tab-{}", view.tab);
        browser.script(&format!("{HELPERS}press('{tab}')"))?;
        browser.script("document.querySelector('.dock-tabs').scrollIntoView()")?;
        browser.wait_for(&format!("{tab}[aria-pressed=true]"))?;
    }
    // Two pictures of the browser later everything stands where it belongs.
    browser.script(
        "return new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() =>
            setTimeout(done, 300))))",
    )?;
    Ok(())
}

fn draw(browser: &Browser) -> Result<Vec<u8>> {
    let wanted = json!({ "format": "webp", "quality": QUALITY });
    let picture = browser.devtools("Page.captureScreenshot", &wanted)?;
    from_base64(picture["data"].as_str().context("no picture")?)
}

/// The document that shows all of them.
fn document() -> String {
    let mut text = String::from(
        "# Every view of the page\n\n\
         Drawn by `cargo xtask screenshots` from the finished page at 1440 x 900 and 390 x 844, light \
         and dark.\nThis file and the pictures are written by that command.\n",
    );
    for View { name, about, .. } in &VIEWS {
        let image = |size: &str, theme: &str, width: u32| {
            format!(
                "<img src=\"images/{name}-{size}-{theme}.webp\" width=\"{width}\" alt=\"{name}, {size}, {theme}\">"
            )
        };
        // Writing to a string cannot fail.
        let _ = write!(text, "\n## {name}\n\n{about}\n\n");
        for theme in THEMES {
            let _ =
                writeln!(text, "{}\n{}", image("wide", theme, 600), image("narrow", theme, 160));
        }
    }
    text
}
