//! What a person wants, done.

use super::picking::close_sheets;
use super::{App, element};
use crate::chart;
use crate::lab::Lab;
use crate::order::{Doing, Ensemble, Order, Selection, Tab};
use crate::route::Route;
use crate::spine::chain;
use crate::spine::walk::{self, Toward};
use crate::travel::{SPEEDS, STANDS_STILL};
use std::rc::Rc;
use zabscope_core::base::{NodeId, Sid};
use zabscope_core::client;

impl App {
    /// Does it. True if the page has to be drawn anew.
    #[inline(never)]
    pub(super) fn obey(&mut self, order: Order) -> bool {
        if !self.permits(&order) {
            return true;
        }
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
            Order::Select(selection) => {
                if selection.is_none() {
                    close_sheets(None);
                }
                self.select(selection);
            }
            Order::Trace(step) => {
                self.lab.seek(step + 1);
                self.pace.moved(&self.lab);
                self.tracing = Some(self.lab.index());
                self.stepped();
            }
            Order::Walk(toward) => self.walk(toward),
            Order::GoThere => {
                if let Some(Selection::Message(id)) = self.selection
                    && let Some(step) = self.lab.flight(id).map(|flight| flight.step)
                {
                    self.lab.seek(step + 1);
                    self.pace.moved(&self.lab);
                    self.stepped();
                }
            }
            Order::ChooseClient(client) => {
                self.client = client;
                self.doing = Doing::Clients;
            }
            Order::Run(Ensemble { voters, observers, clients, seed }) => {
                self.replace_run(Lab::elected_of(voters, observers, clients, seed));
            }
            Order::Again(place) => self.again(place),
            Order::Motion(motion) => self.set_motion(motion),
            Order::Speech(speech) => {
                self.speech = speech;
                self.keep_settings();
            }
            Order::Command(command) => self.command(&command),
            Order::Wrong(why) => {
                self.said.clone_from(&why);
                self.console.fail(why);
            }
            Order::Type(typed) => self.type_in(typed),
            Order::Letter(letter) => self.letter(letter),
            Order::Mark(node) => self.mark(node),
            Order::Marking(marking) => self.begin_marking(marking),
            Order::Doing(doing) => self.doing = doing,
            Order::Letters(letters) => {
                self.letters = letters;
                self.keep_settings();
            }
            Order::Tour(pace) => self.go(pace),
            Order::Tab(tab) => {
                self.tab = tab;
                self.show_now = tab == Tab::Diagram && self.narrow.holds();
                self.see_spine();
                let charts = || (0.0, Rc::new(chart::of_run(&self.lab)));
                self.charts = (tab == Tab::Charts).then(charts);
            }
            Order::Theme => self.change_theme(),
            // Needs a way to answer: obeyed before.
            Order::Share(_) | Order::Pick(_) => {}
            Order::KillLeader(power) => self.kill_leader(power),
            Order::Ask(client, _) | Order::Session(client, _) if !self.runs(client) => {
                self.tell("This client does not run: start it first.");
            }
            Order::Ask(..) | Order::Session(..) => self.act(order),
            Order::Act(act) => self.perform(&act),
        }
        true
    }

    #[inline(never)]
    fn kill_leader(&mut self, power: bool) {
        let Some(leader) = self.view.leader else {
            return self.tell("Nobody leads: choose a server or a client first.");
        };
        self.selection = Some(Selection::Server(leader));
        self.playing = true;
        if self.route == Route::First {
            // What follows is read while it happens.
            self.pace.slow_by(1);
        }
        self.lab.kill(NodeId::Server(Sid(leader)), power);
        self.acted();
    }

    /// Chooses something, or nothing.
    #[inline(never)]
    pub(super) fn select(&mut self, selection: Option<Selection>) {
        // Who is looked at also asks.
        if let Some(Selection::Session(client)) = &selection {
            self.client = *client;
            self.doing = Doing::Clients;
        }
        self.selection = selection;
    }

    /// From the chosen message, or from the newest, to the next one in a direction.
    #[inline(never)]
    fn walk(&mut self, toward: Toward) {
        self.playing = false;
        let next = match self.selection {
            Some(Selection::Message(id)) => walk::next(&self.lab, id, toward),
            // From what has no message of its own: to the last one that led to it.
            Some(ref one @ (Selection::Session(_) | Selection::Znode(_))) => {
                let chain = chain::of(&self.lab, one);
                chain.iter().rev().find_map(|link| link.message)
            }
            _ => walk::newest(&self.lab),
        };
        if let Some(id) = next {
            self.selection = Some(Selection::Message(id));
            if let Some(arrow) = self.score.arrow(id)
                && self.sees_diagram()
            {
                self.said = self.score.spoken(arrow);
            } else if let Some(flight) = self.lab.flight(id) {
                self.said = flight.look.title();
            }
        }
    }

    /// Orders that go on the tape.
    #[inline(never)]
    fn act(&mut self, order: Order) {
        match order {
            Order::Ask(client, request) => self.lab.ask(client, request),
            Order::Session(client, start) => {
                let call = if start { client::Call::Start } else { client::Call::Close };
                self.lab.tell_client(client, call);
            }
            _ => return,
        }
        self.acted();
    }

    /// What is seen and said follows something that was done.
    pub(super) fn acted(&mut self) {
        self.pace.moved(&self.lab);
        if let Some(left) = self.lab.left_by_last_act() {
            self.pace.notice = format!("{} begins here; {left} is kept.", self.lab.branch().name());
        } else if !self.playing {
            STANDS_STILL.clone_into(&mut self.pace.notice);
        }
        self.refresh();
        self.said.clone_from(&self.view.step);
        self.said_step = self.lab.index();
        // Nothing that a person did is lost, however the page ends.
        self.keep_in_tab();
    }
}
