//! The top component: holds the lab and what belongs to the page, is told what happens, and has
//! everything drawn anew.
//!
//! `playback` lets time pass, `acting` acts on what is chosen, `commanding` is the command line,
//! `picking` the list of orders, `obey` does what a person wants, `sharing` is about links and files,
//! `showing` about what is drawn anew, `keeping` about runs that can be gone back to, `listening` about
//! what the page hears of the browser.

mod acting;
mod commanding;
mod guided;
mod keeping;
mod listening;
mod obey;
mod opening;
mod picking;
mod playback;
mod sharing;
mod showing;

pub use crate::order::{Order, Selection, Speech, Tab};

use crate::act::Possible;
use crate::chart::Chart;
use crate::console::Console;
use crate::detail::{DetailCache, Details};
use crate::keys::{self, Here};
use crate::lab::Lab;
use crate::later::{self, MISSING};
use crate::media::{self, Media};
use crate::order::Doing;
use crate::page::{Page, SLOTS, Shown, Snapshot};
use crate::palette::Palette;
use crate::panels::lesson;
use crate::panels::palette::PaletteList;
use crate::panels::share::{ShareMessage, take_file};
use crate::panic;
use crate::route::Route;
use crate::rove;
use crate::run_view::{RunCache, RunView};
use crate::scene::layout::{Crew, Layout, Shape};
use crate::scene::messages::Messages;
use crate::scene::rings::Rings;
use crate::scene::state::{RingView, SceneView};
use crate::settings::{self, Settings};
use crate::share::Shared;
use crate::spine::SpineView;
use crate::spine::diagram::Diagram;
use crate::spine::score::Score;
use crate::tour::Tour;
use crate::travel::Pace;
use crate::view::View;
use gloo_events::EventListener;
use gloo_render::AnimationFrame;
use keeping::Kept;
use playback::Late;
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::spawn_local;
use web_sys::{File, HtmlElement, KeyboardEvent};
use yew::prelude::*;
use zabscope_core::base::{ClientId, NodeId};

/// The seed of the first run.
const SEED: u64 = 7;
/// Servers of the first run.
const VOTERS: u8 = 3;

/// Messages that wait for code, at most.
const WAITING_MAX: usize = 16;

/// What the component is told.
#[derive(Debug)]
pub enum Msg {
    /// A picture is due, at this time of the browser.
    Frame(f64),
    /// A person wants something.
    Order(Order),
    /// A key was pressed.
    Key(KeyboardEvent),
    /// The address has another fragment.
    Address,
    /// A file was dropped.
    File(File),
    /// The code that comes later is there, or cannot be loaded.
    Later(bool),
    /// The screen or a preference changed.
    Screen,
    /// The page is seen no more, and perhaps never again.
    Leaving,
}

/// The whole page.
pub struct App {
    route: Route,
    tab: Tab,
    tour: Option<Tour>,
    /// The heading of a new step takes the focus once it is drawn.
    focus_step: bool,
    /// What became of an answer comes into sight once it is drawn.
    show_verdict: bool,
    /// A client has asked: what comes of it is brought into sight.
    show_talk: bool,
    lab: Lab,
    view: Rc<View>,
    spine: Rc<SpineView>,
    score: Score,
    diagram: Diagram,
    scene: Rc<SceneView>,
    ring_views: Vec<RingView>,
    rings: Rings,
    /// The moment for the panels: it stays the same while only messages move.
    calm: Rc<View>,
    /// The moment for the stage. While time passes, what is only heard of it follows with the panels.
    staged: Rc<View>,
    layout: Rc<Layout>,
    playing: bool,
    pace: Pace,
    /// What the panels show, if that is not out of date, and since when.
    panels: RefCell<Option<Snapshot>>,
    panels_ms: f64,
    panels_late: bool,
    late: Late,
    /// What each of them shows.
    slots: RefCell<Option<[Snapshot; SLOTS]>>,
    /// Which of them is drawn next; all, unless time passes.
    turn: Option<usize>,
    possible: RefCell<Option<Rc<Possible>>>,
    run: RefCell<RunCache>,
    details: RefCell<DetailCache>,
    /// Where a step along what led to the selection has gone.
    tracing: Option<u64>,
    shared: Shared,
    charts: Option<(f64, Rc<Vec<Chart>>)>,
    selection: Option<Selection>,
    client: ClientId,
    doing: Doing,
    /// One side of a partition that is being marked.
    side: Vec<NodeId>,
    marking: bool,
    console: Console,
    palette: Option<Palette>,
    /// A guided run that was left, with its run once that is not looked at any more.
    left: Option<(Tour, Option<Lab>)>,
    kept: Kept,
    /// What the step speaks of: servers, clients, znodes.
    lit: Vec<String>,
    /// What has the focus once it is drawn.
    focus: Option<&'static str>,
    /// The present comes into sight once its diagram is drawn.
    show_now: bool,
    before_palette: picking::Before,
    letters: bool,
    /// Chosen by a person; else what the system prefers.
    motion: Option<bool>,
    speech: Speech,
    alarm: String,
    dark: Option<bool>,
    narrow: Media,
    still: Media,
    said: String,
    said_step: u64,
    said_at_ms: f64,
    last_frame_ms: Option<f64>,
    /// Something was drawn since tab stops were looked for. While time passes the key itself has that
    /// done: for an answer to what is drawn the browser lays out the page.
    unsettled: bool,
    still_ms: f64,
    messages: Messages,
    group: NodeRef,
    clock: NodeRef,
    frame: Option<AnimationFrame>,
    /// Where clicks go: always the same, so that what has not changed is not drawn anew.
    order: Callback<Order>,
    /// What was asked for before its code was there.
    waiting: Vec<Msg>,
    _listeners: Vec<EventListener>,
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("App")
    }
}

fn element(id: &str) -> Option<HtmlElement> {
    web_sys::window()?.document()?.get_element_by_id(id)?.dyn_into().ok()
}

/// Goes to another page, as a link does.
fn go_to(fragment: &str) {
    if let Some(window) = web_sys::window() {
        // A fragment never leaves this document: that cannot fail.
        window.location().set_hash(fragment).ok();
    }
}

/// An attribute of the whole page, for its style rules.
fn mark_root(name: &str, value: &str) {
    let root = web_sys::window().and_then(|w| w.document()).and_then(|d| d.document_element());
    if let Some(root) = root {
        // The attribute has a valid name: this cannot fail.
        root.set_attribute(name, value).ok();
    }
}

/// What the root element says of a choice that has two values, this one and another.
fn chosen(name: &str, yes: &str) -> Option<bool> {
    let root = web_sys::window()?.document()?.document_element()?;
    root.get_attribute(name).map(|value| value == yes)
}

/// The first file that is dropped.
fn dropped(event: DragEvent) -> Option<Msg> {
    event.prevent_default();
    event.data_transfer()?.files()?.get(0).map(Msg::File)
}

impl Component for App {
    type Message = Msg;
    type Properties = ();

    fn create(ctx: &Context<Self>) -> Self {
        let route = Route::here();
        let lab = match route.mode() {
            "first" => opening::half_way(SEED),
            _ => Lab::elected(VOTERS, SEED),
        };
        let screen = ctx.link().callback(|()| Msg::Screen);
        let media = |query| {
            let screen = screen.clone();
            Media::new(query, move || screen.emit(()))
        };
        let narrow = media("(max-width: 43.6875em), (max-width: 62.4375em) and (max-height: 32em)");
        let still = media("(prefers-reduced-motion: reduce)");
        let listeners = listening::listen(ctx);
        let view = Rc::new(View::of(&lab));
        let mut app = Self {
            calm: view.clone(),
            staged: view.clone(),
            view,
            spine: Rc::default(),
            score: Score::default(),
            diagram: Diagram::default(),
            scene: Rc::default(),
            ring_views: Vec::new(),
            rings: Rings::default(),
            layout: Rc::new(Layout::new(&Crew::default(), Shape::Wide)),
            // Nothing moves on the first screen before somebody presses play.
            playing: route == Route::Play,
            route,
            tab: Tab::default(),
            tour: None,
            focus_step: false,
            show_verdict: false,
            show_talk: false,
            pace: Pace::default(),
            panels: RefCell::default(),
            panels_ms: 0.0,
            panels_late: false,
            late: Late::default(),
            slots: RefCell::default(),
            turn: None,
            possible: RefCell::default(),
            run: RefCell::default(),
            details: RefCell::default(),
            tracing: None,
            shared: Shared::default(),
            charts: None,
            selection: None,
            client: ClientId(1),
            doing: Doing::default(),
            side: Vec::new(),
            marking: false,
            console: Console::default(),
            palette: None,
            left: None,
            kept: Kept::default(),
            lit: Vec::new(),
            focus: None,
            show_now: false,
            before_palette: None,
            letters: true,
            motion: chosen("data-motion", "on"),
            speech: Speech::default(),
            alarm: String::new(),
            dark: chosen("data-theme", "dark"),
            narrow,
            still,
            said: String::new(),
            said_step: lab.index(),
            said_at_ms: 0.0,
            last_frame_ms: None,
            unsettled: false,
            still_ms: 0.0,
            messages: Messages::default(),
            group: NodeRef::default(),
            clock: NodeRef::default(),
            frame: None,
            order: ctx.link().callback(Msg::Order),
            waiting: Vec::new(),
            _listeners: listeners,
            lab,
        };
        if later::is_here() {
            app.restore();
        }
        app.arrange();
        if app.route != Route::First {
            app.arrive(app.route);
        }
        app
    }

    fn update(&mut self, ctx: &Context<Self>, msg: Msg) -> bool {
        // A page that is drawn anew compares and removes what the first drawing only makes. A key
        // waits by itself: some have to be kept from the browser at once.
        let needs_all = !matches!(msg, Msg::Later(_) | Msg::Key(_));
        if needs_all && !later::is_here() {
            self.wait(ctx, msg);
            return false;
        }
        // A picture says by itself whether the panels follow; who leaves sees none.
        if !matches!(msg, Msg::Frame(_) | Msg::Leaving) {
            self.panels.take();
            self.possible.take();
            self.turn = None;
            // A person acts on what is now.
            if self.late.forget() {
                self.refresh();
            }
            self.restage();
        }
        match msg {
            Msg::Frame(at_ms) => self.pass(ctx, at_ms),
            Msg::Order(Order::Share(sharing)) => {
                let order = self.order.clone();
                self.share(sharing, &order);
                true
            }
            Msg::Order(Order::Pick(pick)) => self.pick(ctx, pick),
            Msg::Order(order) => self.obey(order),
            Msg::Key(event) => self.press(ctx, &event),
            Msg::Address => {
                self.arrive(Route::here());
                true
            }
            Msg::File(file) => {
                take_file(file, &self.order);
                false
            }
            Msg::Later(is_here) => {
                let waiting = core::mem::take(&mut self.waiting);
                if is_here {
                    self.restore();
                    waiting.into_iter().for_each(|msg| ctx.link().send_message(msg));
                } else {
                    panic::say(MISSING);
                }
                is_here
            }
            Msg::Screen => {
                self.arrange();
                self.see_spine();
                true
            }
            Msg::Leaving => {
                self.keep_in_tab();
                false
            }
        }
    }

    fn view(&self, ctx: &Context<Self>) -> Html {
        let order = &self.order;
        let (shown, slots) = self.panels();
        let over = Callback::from(|event: DragEvent| event.prevent_default());
        html! {
            <div ondragover={over} ondrop={ctx.link().batch_callback(dropped)}>
                <Page {shown} {slots} stage={self.stage()} />
                if let Some(palette) = &self.palette {
                    <PaletteList palette={Rc::new(palette.clone())} order={order.clone()} />
                }
                if later::is_here() {
                    <ShareMessage shared={self.shared.clone()} order={order.clone()} />
                }
                <p class="unseen" role="status" id="said">{ &self.said }</p>
                <p class="unseen" role="alert" id="alarm">{ &self.alarm }</p>
            </div>
        }
    }

    fn rendered(&mut self, ctx: &Context<Self>, _first: bool) {
        if !self.hurries() {
            self.show_all();
        }
        self.place();
        self.late.drawn();
        if core::mem::take(&mut self.focus_step)
            && let Some(step) = element("lesson-step")
        {
            // Focus that cannot be set stays where it is.
            step.focus().ok();
        }
        if core::mem::take(&mut self.show_verdict)
            && let Some(verdict) = element("verdict")
        {
            // What comes of it is in sight too, where there is room for that.
            if let Some(graded) = element("graded").filter(|_| !self.narrow.holds()) {
                graded.scroll_into_view_with_bool(false);
                picking::into_sight(&verdict);
            } else {
                verdict.scroll_into_view_with_bool(false);
            }
        }
        if later::is_here() {
            self.focus_opened();
            self.light();
            rove::keep();
            if self.playing {
                self.unsettled = true;
            } else {
                rove::settle();
            }
        }
        if self.playing && self.frame.is_none() {
            self.last_frame_ms = None;
            self.ask_for_frame(ctx);
        }
    }
}

impl App {
    /// Asks for the code that comes later, for the sake of a message.
    fn wait(&mut self, ctx: &Context<Self>, msg: Msg) {
        if self.waiting.len() >= WAITING_MAX {
            return;
        }
        self.waiting.push(msg);
        if self.waiting.len() == 1 {
            let link = ctx.link().clone();
            spawn_local(async move {
                link.send_message(Msg::Later(later::load().await.is_ok()));
            });
        }
    }

    /// To a page, by its address.
    fn arrive(&mut self, route: Route) {
        self.visit(route);
        self.see_spine();
        self.see_scene();
        self.name_the_page();
    }

    /// All that the panels show.
    fn shown(&self) -> Shown {
        let order = &self.order;
        let tour = self.tour.as_ref();
        let has_panels = later::is_here() && self.route.has_panels();
        let traces = !self.playing && self.tracing == Some(self.lab.index());
        Shown {
            route: self.route,
            lesson: tour.map(|tour| lesson::lesson(tour, &self.lab, self.around(tour), order)),
            turn: tour.filter(|_| self.narrow.holds()).map(|tour| lesson::turn(tour, order, true)),
            fate: (self.route == Route::First).then(|| opening::fate(&self.lab)).flatten(),
            details: if has_panels {
                let mut cache = self.details.borrow_mut();
                cache.view(&self.lab, self.selection.as_ref(), self.tab, (self.playing, traces))
            } else {
                Details::default()
            },
            why: has_panels.then(|| self.why()),
            view: self.calm.clone(),
            spine: self.spine.clone(),
            score: (self.layout.shape == Shape::Narrow && self.tab == Tab::Diagram)
                .then(|| Rc::new(self.score.clone())),
            run: if has_panels {
                self.run.borrow_mut().view(&self.lab, &self.pace, self.playing, self.kept.words())
            } else {
                RunView { playing: self.playing, ..RunView::default() }
            },
            layout: self.layout.clone(),
            selection: self.selection.clone(),
            client: self.client,
            tab: self.tab,
            possible: has_panels.then(|| self.possible()),
            permits: tour.map(|tour| tour.walk().step().allow.clone()),
            doing: self.doing,
            console: Rc::new(self.console.clone()),
            side: self.side.clone(),
            letters: self.letters,
            motion: !self.is_still(),
            speech: self.speech,
            voters: self.lab.voters(),
            observers: self.lab.settings().observers,
            clients: self.lab.settings().clients,
            seed: self.lab.seed(),
            branch: self.lab.branch().id().0,
            shared: self.shared.clone(),
            charts: self.charts.as_ref().map(|(_, charts)| charts.clone()),
            clock: self.clock.clone(),
            order: order.clone(),
        }
    }

    /// Chooses the layout for the screen.
    fn arrange(&mut self) {
        let shape = if self.narrow.holds() { Shape::Narrow } else { Shape::Wide };
        let observers = self.view.servers.iter().filter(|server| server.observer).count();
        // Before the code for scenes is there, connections say where clients stand.
        let connected = self.view.clients.iter().map(|it| it.server.filter(|_| it.connected));
        let docks = self.scene.docks.iter().copied().map(Some).chain(core::iter::repeat(None));
        let docks = docks.zip(connected).map(|(dock, connected)| dock.unwrap_or(connected));
        let (voters, docks) = (self.view.servers.len() - observers, docks.collect());
        let crew = Crew { voters, observers, docks };
        if !self.layout.is_of(&crew, shape) {
            self.layout = Rc::new(Layout::new(&crew, shape));
        }
    }

    fn press(&mut self, ctx: &Context<Self>, event: &KeyboardEvent) -> bool {
        if !later::is_here() {
            // What keys mean comes later too; those of the browser are its own.
            let key = event.key();
            if key == " " || key.starts_with("Arrow") || key.chars().count() == 1 {
                self.wait(ctx, Msg::Key(event.clone()));
            }
            return false;
        }
        if event.key() == "Tab" && self.unsettled {
            rove::settle();
            self.unsettled = false;
        }
        if rove::moves(event) {
            event.prevent_default();
            return false;
        }
        let here = Here {
            selection: self.selection.clone(),
            guided: self.tour.is_some(),
            marking: self.marking,
            letters: self.letters,
            view: &self.view,
        };
        let Some(wish) = keys::wish(event, here) else { return false };
        event.prevent_default();
        self.grant(ctx, wish)
    }

    /// True if messages do not travel.
    fn is_still(&self) -> bool {
        self.motion.map_or_else(|| self.still.holds(), |motion| !motion)
    }

    fn set_motion(&mut self, motion: bool) {
        self.motion = Some(motion);
        mark_root("data-motion", if motion { "on" } else { "off" });
        self.keep_settings();
    }

    /// What was chosen on this page before.
    #[inline(never)]
    fn restore(&mut self) {
        let kept = settings::load();
        self.letters = !kept.no_letters;
        self.speech = kept.speech;
    }

    /// Keeps what is chosen for the next visit.
    #[inline(never)]
    fn keep_settings(&self) {
        let (dark, motion, speech) = (self.dark, self.motion, self.speech);
        settings::save(Settings { dark, motion, no_letters: !self.letters, speech });
    }

    fn change_theme(&mut self) {
        let system = media::holds("(prefers-color-scheme: dark)");
        let dark = !self.dark.unwrap_or(system);
        self.dark = Some(dark);
        mark_root("data-theme", if dark { "dark" } else { "light" });
        self.keep_settings();
    }
}
