//! Runs that are made here, by the same engine, and opened in the page as links.

use anyhow::{Context, Result};
use serde_json::Value;
use zabscope_core::base::{ClientId, NodeId, Sid};
use zabscope_core::client::{self, CallId};
use zabscope_core::ensemble::{Actor, Call, EnsembleSettings};
use zabscope_core::proto::Acl;
use zabscope_core::proto::request::{CreateOp, CreateRequest, Request};
use zabscope_core::saved::SavedRun;
use zabscope_core::sim::{Action, Directive, Micros, Sim};
use zabscope_tests::browser::Browser;
use zabscope_tests::{given, serve};

/// A server of a run.
pub(crate) fn server(sid: i64) -> NodeId {
    NodeId::Server(Sid(sid))
}

/// Times as the page has them, so that what is seen can be watched.
pub(crate) fn settings(voters: u8) -> EnsembleSettings {
    let watchable = EnsembleSettings::watchable(7);
    EnsembleSettings { voters, clients: 2, session_timeout_ms: 6_000, ..watchable }
}

/// A run in which every server and client was started and had time to find each other.
pub(crate) fn settled(settings: &EnsembleSettings) -> Sim<Actor> {
    let mut sim = Sim::new(settings.setup());
    sim.start_all();
    sim.run_until(Micros::from_ms(3_000));
    sim
}

/// A client of a run.
pub(crate) fn client(id: u32) -> NodeId {
    NodeId::Client(ClientId(id))
}

/// A client asks.
pub(crate) fn ask(sim: &mut Sim<Actor>, id: u32, request: Request) {
    let call = client::Call::Request { id: CallId(sim.index()), request };
    sim.direct(Directive::Act(Action::Call(client(id), Call::Client(call))));
}

/// What creates a znode without data.
pub(crate) fn create(path: &str, flags: i32) -> Request {
    let (kind, acl) = (CreateOp::Create, Some(Acl::open()));
    Request::Create(CreateRequest { kind, path: path.into(), data: None, acl, flags })
}

/// Opens the moment of a run in a browser.
pub(crate) fn open(settings: &EnsembleSettings, sim: &Sim<Actor>) -> Result<Browser> {
    let browser = Browser::start()?;
    go(&browser, settings, sim)?;
    Ok(browser)
}

/// Another moment, in a page that is loaded anew.
pub(crate) fn go(browser: &Browser, settings: &EnsembleSettings, sim: &Sim<Actor>) -> Result<()> {
    let text = SavedRun::of(settings, sim).to_text()?;
    let address = serve::start(&given("ZABSCOPE_PAGE")?, 0)?;
    browser.open("about:blank")?;
    browser.open(&format!("http://{address}/#r={text}"))?;
    browser.wait_for(".work #stage")?;
    browser.wait_until("the moment", || {
        let words = browser.text(&browser.find("#event").ok()?).ok()?;
        words.starts_with(&format!("event {} ", sim.index())).then_some(())
    })
}

/// The texts that a script returns.
pub(crate) fn list(browser: &Browser, script: &str) -> Result<Vec<String>> {
    let value = browser.script(script)?;
    let values = value.as_array().with_context(|| format!("{script} gave {value}"))?;
    Ok(values.iter().filter_map(Value::as_str).map(str::to_owned).collect())
}
