//! The top component: holds the lab, lets time pass, obeys, and redraws.

mod guided;
mod sharing;

use crate::chart::{self, Chart};
use crate::desk::Desk;
use crate::lab::Lab;
use crate::lab::find::Wanted;
use crate::panels::controls::Masthead;
use crate::panels::inspector::Inspector;
use crate::panels::log::Log;
use crate::panels::share::ShareMessage;
use crate::panels::table::Table;
use crate::panels::timeline::Timeline;
use crate::route::Route;
use crate::run_view::RunCache;
use crate::scene::Stage;
use crate::scene::layout::{Layout, Shape};
use crate::scene::messages::Messages;
use crate::share::{self, Shared, Sharing};
use crate::tour::{self, Tour};
use crate::travel::{Pace, SPEEDS, Travel};
use crate::view::{View, time_text};
use gloo_events::{EventListener, EventListenerOptions};
use gloo_render::{AnimationFrame, request_animation_frame};
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement, KeyboardEvent, MediaQueryList};
use yew::prelude::*;
use zabscope_core::base::{ClientId, NodeId, Sid};
use zabscope_core::client;
use zabscope_core::proto::request::Request;
use zabscope_core::sim::Action;

/// Longest time between two pictures that counts: a tab that was hidden does not catch up.
const FRAME_MS_MAX: f64 = 50.0;
/// Pause between two events when nothing may move.
const STILL_STEP_MS: f64 = 1200.0;
/// Shortest pause between two sentences that are read aloud while time runs.
const SPEECH_MS: f64 = 1500.0;
/// The same in a guided run: the text of a step is heard to its end.
const STEP_SPEECH_MS: f64 = 15_000.0;
/// Shortest pause between two drawings of the charts while time runs.
const CHARTS_MS: f64 = 1000.0;
/// The seed of the first run.
const SEED: u64 = 7;
/// Servers of the first run.
const VOTERS: u8 = 3;

/// What is chosen on the stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Selection {
    /// A server.
    Server(i64),
    /// The link between two nodes, the smaller first.
    Link(NodeId, NodeId),
}

/// What a person wants.
#[derive(Clone, Debug, PartialEq)]
pub enum Order {
    /// Let time pass, or stop it.
    Toggle,
    /// One event forward.
    Forward,
    /// One event back.
    Back,
    /// To the moment before this step.
    Seek(u64),
    /// One stop faster or slower.
    Faster(bool),
    /// Pass heartbeats quickly, or not.
    SkipIdle(bool),
    /// Another journey through time.
    Travel(Travel),
    /// Show the list of branches.
    Branches,
    /// Links and files.
    Share(Sharing),
    /// To another part of the page.
    Route(Option<Route>),
    /// On, or back, in a guided run.
    Tour(tour::Pace),
    /// Somebody looks at the charts, or does not any more.
    Desk(bool),
    /// Choose something, or nothing.
    Select(Option<Selection>),
    /// Choose a client.
    ChooseClient(ClientId),
    /// Kill whoever leads, and let time pass.
    KillLeader,
    /// End a server; with loss of what is not on disk.
    Kill(i64, bool),
    /// Start it again.
    Restart(i64),
    /// Nothing passes from the first to the second, or it passes again.
    Cut(NodeId, NodeId, bool),
    /// Have a client ask.
    Ask(ClientId, Request),
    /// A client starts or closes its session.
    Session(ClientId, bool),
    /// A new run: number of servers, seed.
    Run(u8, u64),
    /// The other theme.
    Theme,
}

/// What the component is told.
#[derive(Debug)]
pub enum Msg {
    /// A picture is due, at this time of the browser.
    Frame(f64),
    /// A person wants something.
    Order(Order),
    /// A key was pressed outside of any field.
    Key(KeyboardEvent),
    /// The screen or a preference changed.
    Screen,
}

/// The whole page.
pub struct App {
    lab: Lab,
    view: Rc<View>,
    /// The moment for the panels: it stays the same while only messages move.
    calm: Rc<View>,
    layout: Rc<Layout>,
    playing: bool,
    pace: Pace,
    run: RefCell<RunCache>,
    shared: Shared,
    route: Route,
    tour: Option<Tour>,
    /// The heading of a new step takes the focus once it is drawn.
    focus_step: bool,
    charts: Option<(f64, Rc<Vec<Chart>>)>,
    selection: Option<Selection>,
    client: ClientId,
    dark: Option<bool>,
    narrow: Option<MediaQueryList>,
    still: Option<MediaQueryList>,
    said: String,
    said_step: u64,
    said_at_ms: f64,
    last_frame_ms: Option<f64>,
    still_ms: f64,
    messages: Messages,
    group: NodeRef,
    clock: NodeRef,
    frame: Option<AnimationFrame>,
    _listeners: Vec<EventListener>,
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("App")
    }
}

fn media(query: &str) -> Option<MediaQueryList> {
    web_sys::window()?.match_media(query).ok().flatten()
}

fn element(id: &str) -> Option<HtmlElement> {
    web_sys::window()?.document()?.get_element_by_id(id)?.dyn_into().ok()
}

fn matches(list: Option<&MediaQueryList>) -> bool {
    list.is_some_and(MediaQueryList::matches)
}

impl Component for App {
    type Message = Msg;
    type Properties = ();

    fn create(ctx: &Context<Self>) -> Self {
        let lab = Lab::elected(VOTERS, SEED);
        let narrow = media("(max-width: 699px)");
        let still = media("(prefers-reduced-motion: reduce)");
        let mut listeners = Vec::new();
        for list in narrow.iter().chain(&still) {
            let link = ctx.link().clone();
            listeners
                .push(EventListener::new(list, "change", move |_| link.send_message(Msg::Screen)));
        }
        if let Some(window) = web_sys::window() {
            let link = ctx.link().clone();
            let active = EventListenerOptions::enable_prevent_default();
            let listener =
                EventListener::new_with_options(&window, "keydown", active, move |event| {
                    if let Some(event) = event.dyn_ref::<KeyboardEvent>() {
                        link.send_message(Msg::Key(event.clone()));
                    }
                });
            listeners.push(listener);
        }
        if let Some(window) = web_sys::window() {
            let link = ctx.link().clone();
            listeners.push(EventListener::new(&window, "hashchange", move |_| {
                link.send_message(Msg::Order(match share::browser::fragment() {
                    Some(fragment) => Order::Share(Sharing::Open("The link".to_owned(), fragment)),
                    None => Order::Route(Route::read(&guided::address())),
                }));
            }));
        }
        let mut app = Self {
            view: Rc::new(View::of(&lab)),
            calm: Rc::new(View::of(&lab)),
            layout: Rc::new(Layout::new(0, 0, Shape::Wide)),
            playing: true,
            pace: Pace::default(),
            run: RefCell::default(),
            shared: Shared::default(),
            route: Route::First,
            tour: None,
            focus_step: false,
            charts: None,
            selection: None,
            client: ClientId(1),
            dark: None,
            narrow,
            still,
            said: String::new(),
            said_step: lab.index(),
            said_at_ms: 0.0,
            last_frame_ms: None,
            still_ms: 0.0,
            messages: Messages::default(),
            group: NodeRef::default(),
            clock: NodeRef::default(),
            frame: None,
            _listeners: listeners,
            lab,
        };
        match share::browser::fragment() {
            Some(fragment) => {
                app.route = Route::Play;
                app.open("The link", &fragment);
            }
            None => app.follow(Route::read(&guided::address())),
        }
        app.arrange();
        app
    }

    fn update(&mut self, ctx: &Context<Self>, msg: Msg) -> bool {
        match msg {
            Msg::Frame(at_ms) => self.pass(ctx, at_ms),
            Msg::Order(Order::Share(sharing)) => {
                let order = ctx.link().callback(Msg::Order);
                self.share(sharing, &order);
                true
            }
            Msg::Order(order) => self.obey(order),
            Msg::Key(event) => {
                let Some(order) = self.order_of(&event) else { return false };
                event.prevent_default();
                self.obey(order)
            }
            Msg::Screen => {
                self.arrange();
                true
            }
        }
    }

    fn view(&self, ctx: &Context<Self>) -> Html {
        let order = ctx.link().callback(Msg::Order);
        let view = &self.calm;
        html! {
            <main class="page" ondragover={Callback::from(|event: DragEvent| event.prevent_default())}
                ondrop={sharing::dropped(&order)}>
                <Masthead view={view.clone()} seed={self.lab.seed()} voters={self.lab.voters()}
                    route={self.route} dark={self.dark} order={order.clone()} />
                <section class="say" aria-label="What this is">{ self.say(&order) }</section>
                <section class="scene" aria-label="Stage">
                    <Stage view={view.clone()} layout={self.layout.clone()}
                        selection={self.selection} messages={self.group.clone()}
                        order={order.clone()} />
                </section>
                <section class="side" aria-label="Details">
                    <Inspector view={view.clone()} selection={self.selection}
                        order={order.clone()} />
                    <Log view={view.clone()} order={order.clone()} />
                </section>
                { for (self.route != Route::First).then(|| html! {
                    <Table view={view.clone()} selection={self.selection} order={order.clone()} />
                }) }
                <Table view={view.clone()} selection={self.selection} order={order.clone()} />
                <Desk charts={self.charts.as_ref().map(|(_, charts)| charts.clone())}
                    voters={self.lab.voters()} seed={self.lab.seed()} order={order.clone()} />
                <Timeline run={self.run.borrow_mut().view(&self.lab, &self.pace, self.playing)}
                    selection={self.selection} clock={self.clock.clone()}
                    shared={self.shared.clone()} branch={self.lab.branch().id().0}
                    order={order.clone()} />
                <ShareMessage shared={self.shared.clone()} {order} />
                <p class="unseen" role="status" id="said">{ &self.said }</p>
            </main>
        }
    }

    fn rendered(&mut self, ctx: &Context<Self>, _first: bool) {
        self.place(true);
        if core::mem::take(&mut self.focus_step)
            && let Some(step) = element("lesson-step")
        {
            // Focus that cannot be set stays where it is.
            step.focus().ok();
        }
        if self.playing && self.frame.is_none() {
            self.last_frame_ms = None;
            self.ask_for_frame(ctx);
        }
    }
}

impl App {
    /// Chooses the layout for the screen.
    fn arrange(&mut self) {
        let shape = if matches(self.narrow.as_ref()) { Shape::Narrow } else { Shape::Wide };
        let (servers, clients) = (self.view.servers.len(), self.view.clients.len());
        self.layout = Rc::new(Layout::new(servers, clients, shape));
    }

    fn ask_for_frame(&mut self, ctx: &Context<Self>) {
        let link = ctx.link().clone();
        let frame = request_animation_frame(move |at_ms| link.send_message(Msg::Frame(at_ms)));
        self.frame = Some(frame);
    }

    /// Lets time pass. True if the page has to be drawn anew.
    fn pass(&mut self, ctx: &Context<Self>, at_ms: f64) -> bool {
        self.frame = None;
        if !self.playing {
            return false;
        }
        let passed_ms = (at_ms - self.last_frame_ms.unwrap_or(at_ms)).clamp(0.0, FRAME_MS_MAX);
        self.last_frame_ms = Some(at_ms);
        let before = self.lab.index();
        if matches(self.still.as_ref()) {
            self.still_ms += passed_ms;
            if self.still_ms >= STILL_STEP_MS {
                self.still_ms = 0.0;
                self.playing = !self.pace.play_event(&mut self.lab);
            }
        } else {
            self.playing = !self.pace.play(&mut self.lab, passed_ms);
        }
        if self.lab.is_full() {
            self.playing = false;
        }
        let changed = self.lab.index() != before || !self.playing;
        if changed {
            self.refresh();
            self.speak(at_ms);
        } else {
            self.place(false);
        }
        self.ask_for_frame(ctx);
        changed
    }

    /// What is drawn follows the lab.
    fn refresh(&mut self) {
        self.view = Rc::new(View::of(&self.lab));
        if !self.calm.stands_like(&self.view) {
            self.calm = self.view.clone();
        }
        let at_ms = self.last_frame_ms.unwrap_or_default();
        if let Some((drawn_ms, charts)) = &mut self.charts
            && (!self.playing || (at_ms - *drawn_ms).abs() > CHARTS_MS)
        {
            *drawn_ms = at_ms;
            *charts = Rc::new(chart::of_run(&self.lab));
        }
    }

    /// Moves messages and clock; with `show` also makes and removes messages.
    fn place(&mut self, show: bool) {
        if let Some(group) = self.group.cast::<Element>()
            && show
        {
            self.messages.show(&group, &self.view.flights, &self.layout);
        }
        self.messages.place(self.lab.now(), matches(self.still.as_ref()));
        if let Some(clock) = self.clock.cast::<Element>() {
            clock.set_text_content(Some(&time_text(self.lab.now())));
        }
    }

    /// Sentences for the live region, at most one each while.
    fn speak(&mut self, at_ms: f64) {
        let pause_ms = if self.tour.is_some() { STEP_SPEECH_MS } else { SPEECH_MS };
        if at_ms - self.said_at_ms < pause_ms {
            return;
        }
        let fresh = self.view.log.iter().take_while(|line| line.step >= self.said_step);
        let mut fresh: Vec<&str> = fresh.take(3).map(|line| line.text.as_str()).collect();
        if !fresh.is_empty() {
            fresh.reverse();
            self.said = fresh.join(" ");
            self.said_at_ms = at_ms;
        }
        self.said_step = self.lab.index();
    }

    fn stepped(&mut self) {
        self.playing = false;
        self.refresh();
        self.said.clone_from(&self.view.step);
        self.said_step = self.lab.index();
    }

    fn obey(&mut self, order: Order) -> bool {
        match order {
            Order::Toggle => self.playing = !self.playing && !self.lab.is_full(),
            Order::Forward => {
                self.pace.forward(&mut self.lab);
                self.stepped();
            }
            Order::Back => {
                self.pace.back(&mut self.lab);
                self.stepped();
            }
            Order::Seek(index) => {
                self.lab.seek(index);
                self.pace.moved(&self.lab);
                self.stepped();
            }
            Order::Travel(travel) => {
                if self.pace.travel(&mut self.lab, travel) {
                    self.stepped();
                }
            }
            Order::Branches => {
                if let Some(list) = element("branches-open") {
                    list.click();
                }
            }
            Order::Faster(true) => self.pace.speed = (self.pace.speed + 1).min(SPEEDS.len() - 1),
            Order::Faster(false) => self.pace.speed = self.pace.speed.saturating_sub(1),
            Order::SkipIdle(skip) => self.pace.skip_idle = skip,
            Order::Select(selection) => self.selection = selection,
            Order::ChooseClient(client) => self.client = client,
            Order::Run(voters, seed) => {
                self.tour = None;
                self.new_run(Lab::elected(voters, seed));
            }
            Order::Route(route) => self.follow(route),
            Order::Tour(pace) => self.go(pace),
            Order::Desk(open) => {
                self.charts = open.then(|| (0.0, Rc::new(chart::of_run(&self.lab))));
            }
            Order::Theme => self.change_theme(),
            // Needs a way to answer: obeyed before.
            Order::Share(_) => {}
            Order::KillLeader => {
                if let Some(leader) = self.view.leader {
                    self.selection = Some(Selection::Server(leader));
                    self.playing = true;
                    self.act(Order::Kill(leader, false));
                }
            }
            Order::Kill(..)
            | Order::Restart(_)
            | Order::Cut(..)
            | Order::Ask(..)
            | Order::Session(..) => self.act(order),
        }
        true
    }

    /// Orders that go on the tape.
    fn act(&mut self, order: Order) {
        let server = |sid| NodeId::Server(Sid(sid));
        match order {
            Order::Kill(sid, power) => self.lab.kill(server(sid), power),
            Order::Restart(sid) => self.lab.act(Action::Start(server(sid))),
            Order::Cut(from, to, true) => self.lab.act(Action::Cut(from, to)),
            Order::Cut(from, to, false) => self.lab.act(Action::Heal(from, to)),
            Order::Ask(client, request) => self.lab.ask(client, request),
            Order::Session(client, start) => {
                let call = if start { client::Call::Start } else { client::Call::Close };
                self.lab.tell_client(client, call);
            }
            _ => return,
        }
        self.pace.moved(&self.lab);
        self.refresh();
        self.said.clone_from(&self.view.step);
        self.said_step = self.lab.index();
    }

    fn change_theme(&mut self) {
        let system = matches(media("(prefers-color-scheme: dark)").as_ref());
        let dark = !self.dark.unwrap_or(system);
        self.dark = Some(dark);
        let root = web_sys::window().and_then(|w| w.document()).and_then(|d| d.document_element());
        if let Some(root) = root {
            // The attribute has a valid name: this cannot fail.
            root.set_attribute("data-theme", if dark { "dark" } else { "light" }).ok();
        }
    }

    /// What a key means, unless it belongs to a field or a button.
    fn order_of(&self, event: &KeyboardEvent) -> Option<Order> {
        let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
        let inside = |css: &str| {
            target.as_ref().is_some_and(|target| target.closest(css).ok().flatten().is_some())
        };
        if inside("input, select, textarea") {
            return None;
        }
        if event.ctrl_key() || event.alt_key() || event.meta_key() {
            let undo = event.ctrl_key() && event.key().eq_ignore_ascii_case("z");
            let travel = if event.shift_key() { Travel::Redo } else { Travel::Undo };
            return undo.then_some(Order::Travel(travel));
        }
        let chosen = match self.selection {
            Some(Selection::Server(sid)) => Some(sid),
            Some(Selection::Link(..)) | None => None,
        };
        let by = |sid| Wanted::By(NodeId::Server(Sid(sid)));
        let key = event.key();
        Some(match key.as_str() {
            " " if !inside("button, a, [role=button], summary") => Order::Toggle,
            "ArrowRight" | "." => Order::Forward,
            "ArrowLeft" | "," => Order::Back,
            ">" => Order::Travel(Travel::Next(by(chosen?))),
            "<" => Order::Travel(Travel::Previous(by(chosen?))),
            "]" => Order::Travel(Travel::Next(Wanted::Phase)),
            "[" => Order::Travel(Travel::Previous(Wanted::Phase)),
            "0" => Order::Travel(Travel::SpeedDefault),
            "b" => Order::Branches,
            "g" => {
                element("goto")?.focus().ok()?;
                return None;
            }
            "Home" => Order::Seek(0),
            "End" => Order::Seek(self.lab.end()),
            "+" | "=" => Order::Faster(true),
            "-" => Order::Faster(false),
            "Escape" => Order::Select(None),
            "n" if self.tour.is_some() => Order::Tour(tour::Pace::Next),
            "N" if self.tour.is_some() => Order::Tour(tour::Pace::Back),
            "k" => chosen.map_or(Order::KillLeader, |sid| Order::Kill(sid, false)),
            "r" => Order::Restart(chosen?),
            digit => {
                let sid = digit.parse().ok()?;
                self.view.server(sid)?;
                Order::Select(Some(Selection::Server(sid)))
            }
        })
    }
}
