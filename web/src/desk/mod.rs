//! Charts of the run, and long work: searches for runs, measurements over many runs.

mod module;

use crate::chart::{Chart, of_sizes};
use crate::share::FRAGMENT;
use crate::work::search::WANTED;
use js_sys::Function;
use module::Job;
use std::rc::Rc;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::spawn_local;
use web_sys::HtmlSelectElement;
use yew::prelude::*;

/// Seeds of one search.
const SEEDS: u32 = 2_000;
/// Writes that are measured for each size of an ensemble.
const WRITES: u32 = 200;
/// Rows of a table; of more, the newest.
const ROWS_MAX: usize = 60;

/// What the desk is drawn from.
#[derive(Clone, Debug, PartialEq, Properties)]
pub struct DeskProps {
    /// The charts of the run, while somebody looks at them.
    pub charts: Option<Rc<Vec<Chart>>>,
    /// Servers of the run: a search begins with as many.
    pub voters: u8,
    /// Seed of the run.
    pub seed: u64,
    /// The screen is narrow.
    pub narrow: bool,
}

/// What the desk is told.
#[derive(Debug)]
pub enum DeskMsg {
    /// The module that draws is there, or cannot be loaded.
    Drawer(Result<Function, JsValue>),
    /// Somebody chose what to look for.
    Choose(String),
    /// Begin to search.
    Search,
    /// Begin to measure.
    Sweep,
    /// End the work.
    Stop,
    /// A line from the worker.
    Line(String),
}

/// The desk with the work that it waits for.
#[derive(Debug)]
pub struct Desk {
    drawer: Option<Function>,
    asked: bool,
    what: String,
    job: Option<Job>,
    progress: Option<(u32, u32)>,
    status: String,
    found: Option<(String, String)>,
    sizes: Vec<(f64, f64, f64)>,
}

impl Component for Desk {
    type Message = DeskMsg;
    type Properties = DeskProps;

    fn create(ctx: &Context<Self>) -> Self {
        let mut desk = Self {
            drawer: None,
            asked: false,
            what: WANTED[0].0.to_owned(),
            job: None,
            progress: None,
            status: String::new(),
            found: None,
            sizes: Vec::new(),
        };
        if ctx.props().charts.is_some() {
            desk.need_drawer(ctx);
        }
        desk
    }

    fn changed(&mut self, ctx: &Context<Self>, _old: &DeskProps) -> bool {
        if ctx.props().charts.is_some() {
            self.need_drawer(ctx);
        }
        true
    }

    fn update(&mut self, ctx: &Context<Self>, msg: DeskMsg) -> bool {
        match msg {
            DeskMsg::Drawer(Ok(drawer)) => self.drawer = Some(drawer),
            DeskMsg::Drawer(Err(_)) => {
                self.asked = false;
                "The charts could not be loaded; the tables have the numbers."
                    .clone_into(&mut self.status);
            }
            DeskMsg::Choose(what) => self.what = what,
            DeskMsg::Search => {
                let DeskProps { voters, seed, .. } = ctx.props();
                let request = format!("search {} {voters} {} {SEEDS}", self.what, seed + 1);
                self.found = None;
                self.start(ctx, request);
            }
            DeskMsg::Sweep => {
                self.sizes.clear();
                self.need_drawer(ctx);
                self.start(ctx, format!("sweep {} {WRITES}", ctx.props().seed));
            }
            DeskMsg::Stop => {
                self.job = None;
                "Stopped.".clone_into(&mut self.status);
            }
            DeskMsg::Line(line) => self.read(&line),
        }
        true
    }

    fn view(&self, ctx: &Context<Self>) -> Html {
        let DeskProps { charts, .. } = ctx.props();
        html! {
            <section class="desk" id="desk" aria-label="Charts and searches">
                if let Some(charts) = charts {
                    <div class="charts">
                        { for charts.iter().map(|chart| self.figure(ctx, chart)) }
                        { self.sizes(ctx) }
                    </div>
                    { self.search(ctx) }
                    <div class="row" id="work">
                        if self.job.is_some() {
                            if let Some((done, count)) = self.progress {
                                <progress id="progress" value={done.to_string()}
                                    max={count.to_string()} aria-label="Progress"></progress>
                            }
                            <button class="other" id="stop-work"
                                onclick={ctx.link().callback(|_| DeskMsg::Stop)}>{ "Stop" }</button>
                        }
                        <p role="status" id="work-status">{ &self.status }</p>
                        if let Some((words, text)) = &self.found {
                            <a id="found" href={format!("{FRAGMENT}{text}")}>{ words }</a>
                        }
                    </div>
                }
            </section>
        }
    }
}

impl Desk {
    fn need_drawer(&mut self, ctx: &Context<Self>) {
        if !self.asked {
            self.asked = true;
            let then = ctx.link().callback(DeskMsg::Drawer);
            spawn_local(async move { then.emit(module::drawer().await) });
        }
    }

    fn start(&mut self, ctx: &Context<Self>, request: String) {
        // One thing at a time: what was under way ends.
        self.job = Job::start(request, ctx.link().callback(DeskMsg::Line)).ok();
        self.progress = None;
        let words = if self.job.is_some() { "Working." } else { "The browser has no workers." };
        words.clone_into(&mut self.status);
    }

    /// A line of an answer, as [`crate::work`] tells them.
    fn read(&mut self, line: &str) {
        let mut words = line.split(' ');
        let kind = words.next().unwrap_or_default();
        let mut number = || words.next().and_then(|word| word.parse::<u32>().ok());
        match kind {
            "progress" => {
                if let (Some(done), Some(count)) = (number(), number()) {
                    self.progress = Some((done, count));
                    self.status = format!("{done} of {count}");
                }
            }
            "point" => {
                if let (Some(size), Some(median), Some(p95)) = (number(), number(), number()) {
                    self.sizes.push((size.into(), median.into(), p95.into()));
                }
            }
            "found" => {
                let rest = line.strip_prefix("found ").and_then(|rest| rest.split_once(' '));
                if let Some((seed, run)) = rest {
                    let about = WANTED.iter().find(|(name, _)| *name == self.what);
                    let about = about.map_or("", |(_, about)| *about);
                    self.found = Some((format!("Seed {seed}: {about}. Open it"), run.to_owned()));
                }
            }
            "done" | "unknown" => {
                self.job = None;
                self.status = match (&self.found, self.sizes.is_empty()) {
                    (Some(_), _) => "Found.".to_owned(),
                    (None, false) => "Measured.".to_owned(),
                    (None, true) => format!("No such run in {SEEDS} seeds."),
                };
            }
            _ => {
                self.job = None;
                "The work could not be loaded.".clone_into(&mut self.status);
            }
        }
    }

    fn figure(&self, ctx: &Context<Self>, chart: &Chart) -> Html {
        if chart.is_empty() {
            return html! {
                <figure><figcaption>{ &chart.title }</figcaption>
                    <p class="second">{ "Nothing yet." }</p></figure>
            };
        }
        let narrow = ctx.props().narrow.into();
        let drawn = self.drawer.as_ref().and_then(|draw| {
            draw.call2(&JsValue::NULL, &chart.to_text().into(), &narrow).ok()?.as_string()
        });
        let drawing =
            drawn.map_or_else(Html::default, |svg| Html::from_html_unchecked(AttrValue::from(svg)));
        html! {
            <figure>
                <figcaption>{ &chart.title }</figcaption>
                { drawing }
                { table(chart) }
            </figure>
        }
    }

    fn sizes(&self, ctx: &Context<Self>) -> Html {
        let chart = of_sizes(&self.sizes);
        html! {
            <>
                if chart.is_empty() {
                    <figure><figcaption>{ &chart.title }</figcaption>
                        <p class="second">{ format!("{WRITES} writes in ensembles of 1, 3, 5, 7 and \
                            9 servers, simulated as fast as this machine can.") }</p>
                        <button class="other" id="measure"
                            onclick={ctx.link().callback(|_| DeskMsg::Sweep)}>{ "Measure" }</button>
                    </figure>
                } else {
                    { self.figure(ctx, &chart) }
                }
            </>
        }
    }

    fn search(&self, ctx: &Context<Self>) -> Html {
        let onchange = ctx.link().batch_callback(|event: Event| {
            let list = event.target_dyn_into::<HtmlSelectElement>()?;
            Some(DeskMsg::Choose(list.value()))
        });
        html! {
            <div class="row search">
                <label>{ "Find a run in which " }
                    <select id="search-what" {onchange}>
                        { for WANTED.iter().map(|(name, about)| html! {
                            <option value={*name} selected={*name == self.what}>{ *about }</option>
                        }) }
                    </select>
                </label>
                <button class="other" id="search"
                    onclick={ctx.link().callback(|_| DeskMsg::Search)}>{ "Find" }</button>
            </div>
        }
    }
}

/// With two places behind the point. Formatting floats would bring 25 kB of code and tables.
fn hundredths(value: f64) -> String {
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "small, not negative"
    )]
    let hundredths = (value * 100.0 + 0.5) as u64;
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

/// The numbers of a chart, for those who do not see it and for those who want them.
fn table(chart: &Chart) -> Html {
    let Some((_, first)) = chart.series.first() else { return Html::default() };
    let skipped = first.len().saturating_sub(ROWS_MAX);
    html! {
        <details class="numbers">
            <summary>{ "The numbers" }</summary>
            <div class="scroll"><table>
                <caption class="second">{ &chart.y }</caption>
                <thead><tr><th scope="col">{ &chart.x }</th>
                    { for chart.series.iter().map(|(name, _)| html! { <th scope="col">{ name }</th> }) }
                </tr></thead>
                <tbody>
                    { for first.iter().enumerate().skip(skipped).map(|(row, (x, _))| html! {
                        <tr><th scope="row">{ hundredths(*x) }</th>
                            { for chart.series.iter().filter_map(|(_, points)|
                                points.get(row).map(|point| html! { <td>{ hundredths(point.1) }</td> })) }
                        </tr>
                    }) }
                </tbody>
            </table></div>
        </details>
    }
}
