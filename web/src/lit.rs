//! What a step of a guided run speaks of is lit: parts of the page by a word on the root element,
//! servers, clients and znodes wherever they are shown. Outside of Yew's sight, as the pointer's
//! light is.

use crate::scene::hover::named;
use crate::tour::Tour;
use zabscope_core::base::NodeId;
use zabscope_core::guide::{Focus, Part};
use zabscope_core::sim::Sim;

/// What is lit: words for the style rules, and the names of things.
#[must_use]
#[inline(never)]
pub fn of(tour: Option<&Tour>, sim: &Sim<zabscope_core::ensemble::Actor>) -> (String, Vec<String>) {
    let Some(tour) = tour else { return Default::default() };
    let walk = tour.walk();
    let mut parts = Vec::new();
    let mut things = Vec::new();
    for focus in &walk.step().focus {
        match focus {
            Focus::Part(part) => {
                let word = Part::ALL.iter().find(|(other, _)| other == part);
                parts.extend(word.map(|(_, word)| *word));
            }
            Focus::Znode(path) => things.push(format!("z{path}")),
            Focus::Node(_) => {}
        }
    }
    things.extend(walk.focused(sim).iter().map(|node| match node {
        NodeId::Server(sid) => format!("s{sid}"),
        NodeId::Client(client) => format!("c{}", client.0),
    }));
    (parts.join(" "), things)
}

/// Lights these things, and what was lit before no more.
#[inline(never)]
pub fn show(things: &[String]) {
    let document = web_sys::window().and_then(|window| window.document());
    let Some(document) = document else { return };
    if let Ok(before) = document.query_selector_all(".lit") {
        for place in 0..before.length() {
            if let Some(element) = named(&before, place)
                && !things.iter().any(|it| element.get_attribute("data-of").as_ref() == Some(it))
            {
                // The name of the class is valid: this cannot fail.
                element.class_list().remove_1("lit").ok();
            }
        }
    }
    for thing in things {
        crate::scene::hover::mark(&document, thing, "lit", true);
    }
}
