//! All orders in one list with a filter, for those who know what they want by its name.

use crate::act::Act;
use crate::keys::Wish;
use crate::lab::Lab;
use crate::lab::find::Wanted;
use crate::living;
use crate::message::node_name;
use crate::order::{Doing, Ensemble, Order, Selection, Tab};
use crate::share::Sharing;
use crate::tour;
use crate::travel::Travel;
use zabscope_core::base::{ClientId, NodeId, Sid};
use zabscope_core::ensemble::Actor;
use zabscope_core::guide::Permit;

/// Orders that are shown at once.
pub const SHOWN_MAX: usize = 60;

/// What a person does to the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pick {
    /// Open it, or close it.
    Toggle,
    /// Close it.
    Close,
    /// Only what has these words.
    Filter(String),
    /// One down, or up.
    Move(bool),
    /// Do the one at the mark.
    Done,
    /// Do this one.
    One(usize),
}

/// One order.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// What it does.
    pub words: String,
    /// The key that does the same; empty if there is none.
    pub key: &'static str,
    /// What is wished then.
    pub wish: Wish,
}

/// The open list.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Palette {
    /// What is typed.
    pub filter: String,
    /// The place of the mark in what is shown.
    pub at: usize,
    items: Vec<Item>,
}

/// What the orders depend on, beside the run.
#[derive(Clone, Debug)]
pub struct Around {
    /// What is chosen.
    pub selection: Option<Selection>,
    /// The client that asks.
    pub client: ClientId,
    /// A guided run is under way.
    pub guided: bool,
    /// Single letters are orders.
    pub letters: bool,
    /// What may be done to the run; `None`: everything.
    pub permits: Option<Vec<Permit>>,
}

impl Palette {
    /// All orders of this moment.
    #[must_use]
    pub fn open(lab: &Lab, around: &Around) -> Self {
        let mut items = Vec::new();
        of_selection(lab, around, &mut items);
        of_time(lab, &mut items);
        of_page(lab, around, &mut items);
        of_clients(lab, around, &mut items);
        of_servers(lab, &mut items);
        of_links(lab, &mut items);
        of_znodes(lab, &mut items);
        let may = |item: &Item| match (&item.wish, &around.permits) {
            (Wish::Order(order), Some(permits)) => {
                order.permit().is_none_or(|permit| permits.contains(&permit))
            }
            _ => true,
        };
        items.retain(may);
        Self { filter: String::new(), at: 0, items }
    }

    /// What fits the filter: first what begins with it, then what has all its words as they are,
    /// then what has their letters.
    #[must_use]
    pub fn shown(&self) -> Vec<&Item> {
        let filter = self.filter.trim().to_ascii_lowercase();
        let wanted: Vec<&str> = filter.split_whitespace().collect();
        let rank = |item: &Item| {
            let words = item.words.to_ascii_lowercase();
            let mut letters = words.chars();
            let mut near = wanted.iter().flat_map(|part| part.chars());
            if words.starts_with(&filter) {
                Some(0)
            } else if wanted.iter().all(|part| words.contains(part)) {
                Some(1)
            } else {
                near.all(|letter| letters.any(|other| other == letter)).then_some(2)
            }
        };
        let ranks: Vec<Option<u8>> = self.items.iter().map(rank).collect();
        let of = |wanted| self.items.iter().zip(&ranks).filter(move |it| *it.1 == Some(wanted));
        (0..3).flat_map(of).map(|(item, _)| item).take(SHOWN_MAX).collect()
    }

    /// Takes another filter.
    pub fn narrow(&mut self, filter: &str) {
        self.filter = filter.chars().take(60).collect();
        self.at = 0;
    }

    /// Moves the mark, round and round.
    pub fn step(&mut self, down: bool) {
        let count = self.shown().len();
        self.at = match (count, down) {
            (0, _) => 0,
            (_, true) => (self.at + 1) % count,
            (_, false) => (self.at + count - 1) % count,
        };
    }

    /// What is wished at a place.
    #[must_use]
    pub fn wish(&self, place: usize) -> Option<Wish> {
        self.shown().get(place).map(|item| item.wish.clone())
    }
}

fn put(items: &mut Vec<Item>, words: impl Into<String>, key: &'static str, order: Order) {
    items.push(Item { words: words.into(), key, wish: Wish::Order(order) });
}

fn of_selection(lab: &Lab, around: &Around, items: &mut Vec<Item>) {
    match &around.selection {
        Some(Selection::Message(id)) => {
            let id = *id;
            let title = lab.flight(id).map_or_else(String::new, |flight| flight.look.title());
            let (hold, release) = (Act::HoldMessage(id, true), Act::HoldMessage(id, false));
            put(
                items,
                format!("Drop {title}: break its connection"),
                "D",
                Order::Act(Act::Drop(id)),
            );
            put(items, format!("Hold {title}"), "H", Order::Act(hold));
            put(items, format!("Release {title}"), "U", Order::Act(release));
            put(items, "To where this message was sent", "", Order::GoThere);
        }
        Some(one @ (Selection::Server(_) | Selection::Session(_))) => {
            let Some(node) = one.node() else { return };
            let (by, name) = (Wanted::By(node), node_name(node));
            let (next, previous) = (Travel::Next(by), Travel::Previous(by));
            put(items, format!("Next event of {name}"), ">", Order::Travel(next));
            put(items, format!("Previous event of {name}"), "<", Order::Travel(previous));
        }
        Some(Selection::Link(..) | Selection::Znode(_)) | None => {}
    }
    if around.selection.is_some() {
        put(items, "Choose nothing", "Esc", Order::Select(None));
    }
}

fn of_time(lab: &Lab, items: &mut Vec<Item>) {
    let phase = Wanted::Phase;
    for (words, key, order) in [
        ("Play or pause", "Space", Order::Toggle),
        ("One event forward", ".", Order::Forward),
        ("One event back", ",", Order::Back),
        ("To the start", "Home", Order::Seek(0)),
        ("To the latest moment", "End", Order::Seek(lab.end())),
        ("Next change of phase", "]", Order::Travel(Travel::Next(phase))),
        ("Previous change of phase", "[", Order::Travel(Travel::Previous(phase))),
        ("Faster", "+", Order::Faster(true)),
        ("Slower", "−", Order::Faster(false)),
        ("First speed", "0", Order::Travel(Travel::SpeedDefault)),
        ("Skip heartbeats", "", Order::SkipIdle(true)),
        ("Do not skip heartbeats", "", Order::SkipIdle(false)),
        ("Undo", "Ctrl+Z", Order::Travel(Travel::Undo)),
        ("Redo", "Ctrl+Shift+Z", Order::Travel(Travel::Redo)),
        ("List of branches", "B", Order::Branches),
    ] {
        put(items, words, key, order);
    }
    for branch in lab.branches() {
        let order = Order::Travel(Travel::Branch(branch.id()));
        put(items, format!("Go to branch {}", branch.name()), "", order);
    }
    let goto = Wish::Focus("goto");
    items.push(Item { words: "Go to a time, a zxid or an event".to_owned(), key: "G", wish: goto });
}

fn of_page(lab: &Lab, around: &Around, items: &mut Vec<Item>) {
    let settings = lab.settings();
    let run = |seed| {
        let (voters, observers) = (settings.voters, settings.observers);
        Order::Run(Ensemble { voters, observers, clients: settings.clients, seed })
    };
    if around.guided {
        put(items, "Next step of the guided run", "N", Order::Tour(tour::Pace::Next));
        put(items, "Previous step of the guided run", "⇧N", Order::Tour(tour::Pace::Back));
    } else {
        put(items, "New run with another seed", "", run(lab.seed().wrapping_add(1)));
        put(items, "This run from its beginning", "", run(lab.seed()));
    }
    let tabs = ["Do", "Inspect", "Diagram", "Events", "Tree", "Charts"];
    let keys = ["Alt+1", "Alt+2", "Alt+3", "Alt+4", "Alt+5", "Alt+6"];
    for ((tab, word), key) in Tab::ALL.into_iter().zip(tabs).zip(keys) {
        put(items, format!("Tab: {word}"), key, Order::Tab(tab));
    }
    put(items, "Break things", "", Order::Doing(Doing::Faults));
    put(items, "Ask as a client", "", Order::Doing(Doing::Clients));
    put(items, "The other theme", "", Order::Theme);
    let words = if around.letters { "Single letters off" } else { "Single letters on" };
    put(items, words, "", Order::Letters(!around.letters));
    put(items, "Make a link to this moment", "", Order::Share(Sharing::Make));
    put(items, "Save this run as a file", "", Order::Share(Sharing::Save));
    for (words, key, address) in [
        ("Page: keys", "?", "#/keys"),
        ("Page: words of the guided runs", "", "#/words"),
        ("Page: playground", "", "#/play"),
        ("Page: real cluster", "", "#/cluster"),
        ("Page: what is real here", "", "#/real"),
        ("Page: lessons", "", "#/run/leader-dies/1"),
    ] {
        items.push(Item { words: words.to_owned(), key, wish: Wish::Go(address) });
    }
    let command = Wish::Focus("command");
    items.push(Item { words: "Command line".to_owned(), key: ":", wish: command });
}

fn of_clients(lab: &Lab, around: &Around, items: &mut Vec<Item>) {
    let chosen = around.client.0;
    put(items, format!("Client {chosen}: write /hello"), "W", Order::Letter('w'));
    put(items, format!("Client {chosen}: read /hello"), "E", Order::Letter('e'));
    for (node, slot) in lab.world().slots() {
        let NodeId::Client(id) = *node else { continue };
        let name = format!("Client {}", id.0);
        put(items, format!("{name}: ask as this one"), "", Order::ChooseClient(id));
        let session = Order::Select(Some(Selection::Session(id)));
        put(items, format!("{name}: choose it and its session"), "", session);
        let session = living::of(lab, id);
        if living::lives(lab.world(), session) {
            let key = if id == around.client { "X" } else { "" };
            let act = Order::Act(Act::Expire(session));
            put(items, format!("{name}: expire its session"), key, act);
        }
        if slot.process().is_none() {
            put(items, format!("{name}: start"), "", Order::Act(Act::Start(*node)));
            continue;
        }
        let stop = Act::Crash { node: *node, power: false };
        put(items, format!("{name}: stop, its session expires later"), "", Order::Act(stop));
        let process = slot.process().and_then(Actor::client);
        if process.is_some_and(|client| client.state().is_alive()) {
            put(items, format!("{name}: close its session"), "", Order::Session(id, false));
        } else {
            put(items, format!("{name}: start a new session"), "", Order::Session(id, true));
        }
        for other in lab.world().slots().keys() {
            if let NodeId::Server(sid) = *other {
                let act = Order::Act(Act::Move(id, sid));
                put(items, format!("{name}: move to server {sid}"), "", act);
            }
        }
    }
}

fn of_servers(lab: &Lab, items: &mut Vec<Item>) {
    put(items, "Crash the leader", "K", Order::KillLeader(false));
    put(items, "Power loss of the leader", "⇧K", Order::KillLeader(true));
    put(items, "Partition: mark one side", "P", Order::Marking(true));
    put(items, "Heal all links", "P", Order::Act(Act::HealAll));
    put(items, "Release all that is held", "", Order::Act(Act::ReleaseAll));
    let sim = lab.sim();
    for (&node, slot) in lab.world().slots() {
        let NodeId::Server(Sid(sid)) = node else { continue };
        let mut put = |words: &str, key, order| {
            put(items, format!("Server {sid}: {words}"), key, order);
        };
        put("choose it", "", Order::Select(Some(Selection::Server(sid))));
        if slot.process().is_none() {
            put("restart", "R", Order::Act(Act::Start(node)));
        } else {
            let crash = |power| Order::Act(Act::Crash { node, power });
            put("crash", "K", crash(false));
            put("power loss, unsynced data is lost", "⇧K", crash(true));
            let frozen = sim.frozen().contains(&node);
            let words = if frozen { "thaw, let it go on" } else { "freeze" };
            put(words, "Z", Order::Act(Act::Freeze(node, !frozen)));
            put("fire its next timer now", "T", Order::Act(Act::FireNext(node)));
            put("take a snapshot", "", Order::Act(Act::Snapshot(node)));
        }
        let slow = sim.disk_slowness(node) > 1;
        let words = if slow { "normal disk" } else { "slow disk" };
        put(words, "", Order::Act(Act::SlowDisk(node, !slow)));
        put("cut it off from all", "", Order::Act(Act::Partition(vec![node])));
    }
}

/// Znodes in the list, at most.
const ZNODES_MAX: usize = 60;

fn of_znodes(lab: &Lab, items: &mut Vec<Item>) {
    let servers = lab.world().slots().values().filter_map(|slot| slot.process()?.server());
    let most = servers.max_by_key(|server| server.image().zxid);
    let paths = most.into_iter().flat_map(|server| server.image().tree.iter());
    for (path, _) in paths.take(ZNODES_MAX) {
        let name = format!("Znode {path}: choose it");
        put(items, name, "", Order::Select(Some(Selection::Znode(path.into()))));
    }
}

fn of_links(lab: &Lab, items: &mut Vec<Item>) {
    let cuts = lab.world().network().cuts();
    let nodes: Vec<NodeId> = lab.world().slots().keys().copied().collect();
    for (place, &a) in nodes.iter().enumerate() {
        for &b in nodes.iter().skip(place + 1).filter(|_| matches!(a, NodeId::Server(_))) {
            let name = format!("Link {} to {}", node_name(a), node_name(b));
            let cut = cuts.contains(&(a, b)) && cuts.contains(&(b, a));
            let words = if cut { "heal" } else { "cut" };
            put(items, format!("{name}: {words}"), "", Order::Act(Act::CutBoth(a, b, !cut)));
            put(items, format!("{name}: break the connection"), "", Order::Act(Act::Break(a, b)));
            let hold = Act::HoldBoth(a, b, true);
            put(items, format!("{name}: hold messages"), "", Order::Act(hold));
            put(
                items,
                format!("{name}: choose it"),
                "",
                Order::Select(Some(Selection::Link(a, b))),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn around() -> Around {
        let selection = Some(Selection::Server(2));
        let (client, permits) = (ClientId(1), None);
        Around { selection, client, guided: false, letters: true, permits }
    }

    #[test]
    fn words_and_letters_find_orders() {
        let lab = Lab::elected(3, 7);
        let mut palette = Palette::open(&lab, &around());
        let first = |palette: &Palette| palette.shown().first().map(|item| item.words.clone());
        for (filter, found) in [
            ("freeze 2", Some("Server 2: freeze")),
            ("server 2", Some("Server 2: choose it")),
            ("  POWER 1 ", Some("Server 1: power loss, unsynced data is lost")),
            ("hal all lnk", Some("Heal all links")),
            ("zzzz", None),
            ("", Some("Next event of server 2")),
        ] {
            palette.narrow(filter);
            assert_eq!(first(&palette).as_deref(), found, "{filter}");
        }
        assert_eq!(palette.shown().len(), SHOWN_MAX);
        palette.step(false);
        assert_eq!(palette.at, SHOWN_MAX - 1);
        palette.step(true);
        assert_eq!(palette.at, 0);
        palette.narrow("zzzz");
        palette.step(true);
        assert_eq!(palette.wish(palette.at), None);
        assert_eq!(palette.wish(usize::MAX), None);
    }

    #[test]
    fn every_act_of_the_list_can_be_done_or_says_why_not() {
        let lab = Lab::elected_of(3, 2, 3, 7);
        let palette = Palette::open(&lab, &around());
        assert!(palette.items.len() > 100);
        for item in &palette.items {
            if let Wish::Order(Order::Act(act)) = &item.wish {
                let _ = act.directives(lab.sim());
            }
        }
    }
}
