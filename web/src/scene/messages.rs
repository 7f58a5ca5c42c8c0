//! Messages on their way, drawn outside of Yew: nodes are made when a message appears and moved
//! by a cached transform, so that a frame costs no text and no comparison of trees.

use super::layout::{Layout, Point, between, degrees, number, rotate};
use crate::later;
use crate::message::{Look, outline};
use crate::svg::{element, own_transform};
use crate::view::FlightView;
use std::cell::Cell;
use wasm_bindgen::JsValue;
use web_sys::{Element, SvgTransform};
use zabscope_core::base::{Map, Set};
use zabscope_core::sim::Micros;

/// Where a message stands that does not move, as a share of its way.
const STILL_SHARE: f32 = 0.5;
/// So near to the sender there is no room for a trail, so near to the receiver none for a name.
const START: f32 = 34.0;
const END: f32 = 52.0;

/// The messages that are in the page.
#[derive(Debug, Default)]
pub struct Messages {
    /// Where they are: another page has another group.
    group: Option<Element>,
    sprites: Map<u64, Sprite>,
    chosen: Option<u64>,
    rest: Option<Element>,
}

#[derive(Debug)]
struct Sprite {
    element: Element,
    transform: SvgTransform,
    flight: FlightView,
    from: Point,
    to: Point,
    length: f32,
    part: Cell<Part>,
}

/// Where on its way a message is: names and trails are left out near seats, where they would lie
/// over other words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Part {
    #[default]
    Start,
    Way,
    End,
}

impl Part {
    fn of(share: f32, length: f32) -> Self {
        if share * length < START {
            Self::Start
        } else if (1.0 - share) * length < END {
            Self::End
        } else {
            Self::Way
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Way => "way",
            Self::End => "end",
        }
    }
}

impl Messages {
    /// Makes the page show these messages, in this group; the chosen one is marked.
    pub fn show(
        &mut self,
        group: &Element,
        flights: &[FlightView],
        layout: &Layout,
        chosen: Option<u64>,
    ) {
        if self.group.as_ref() != Some(group) {
            self.sprites.clear();
            self.rest = None;
            self.group = Some(group.clone());
        }
        let wanted: Map<u64, &FlightView> =
            flights.iter().map(|flight| (flight.id, flight)).collect();
        self.sprites.retain(|id, sprite| {
            // Another future may use the same number for another message.
            let way = layout.way(sprite.flight.from, sprite.flight.to);
            let kept = wanted.get(id).is_some_and(|flight| {
                flight.look == sprite.flight.look && way == Some((sprite.from, sprite.to))
            });
            if !kept {
                sprite.element.remove();
            }
            kept
        });
        let mut fans = Set::new();
        for flight in flights {
            let first = fans.insert((flight.from, flight.sent_at, flight.look.name));
            if let Some(sprite) = self.sprites.get_mut(&flight.id) {
                sprite.flight = flight.clone();
            } else if let Some((from, to)) = layout.way(flight.from, flight.to)
                && let Ok(sprite) = sprite(group, flight, (from, to), first)
            {
                self.sprites.insert(flight.id, sprite);
            }
        }
        // Nothing is chosen before the code for it is there.
        if later::is_here() {
            self.mark(group, chosen);
        }
    }

    /// Marks the chosen message, and the rest of its way.
    #[inline(never)]
    fn mark(&mut self, group: &Element, chosen: Option<u64>) {
        if let Some(sprite) = self.chosen.and_then(|id| self.sprites.get(&id)) {
            sprite.element.class_list().remove_1("selected").ok();
        }
        self.chosen = chosen;
        let sprite = chosen.and_then(|id| self.sprites.get(&id));
        if self.rest.as_ref().is_some_and(|rest| sprite.is_none() || !rest.is_connected()) {
            self.rest.take().inspect(Element::remove);
        }
        let Some(sprite) = sprite else { return };
        sprite.element.class_list().add_1("selected").ok();
        if self.rest.is_none() {
            self.rest = element("line").ok().filter(|rest| {
                rest.set_attribute("class", "rest").ok();
                group.prepend_with_node_1(rest).is_ok()
            });
        }
        let ends = [
            ("x1", sprite.from.x),
            ("y1", sprite.from.y),
            ("x2", sprite.to.x),
            ("y2", sprite.to.y),
        ];
        for (name, value) in ends {
            if let Some(rest) = &self.rest {
                rest.set_attribute(name, &number(value)).ok();
            }
        }
    }

    /// Puts every message where it is at this time; `still` if nothing may move.
    pub fn place(&self, now: Micros, still: bool) {
        for sprite in self.sprites.values() {
            let share = if still { STILL_SHARE } else { sprite.flight.share(now) };
            let at = between(sprite.from, sprite.to, share);
            // A transform of a removed element is the only one that fails; it is not seen.
            sprite.transform.set_translate(at.x, at.y).ok();
            let part = Part::of(share, sprite.length);
            if sprite.part.replace(part) != part {
                sprite.element.set_attribute("data-part", part.name()).ok();
            }
        }
    }
}

fn sprite(
    group: &Element,
    flight: &FlightView,
    (from, to): (Point, Point),
    labelled: bool,
) -> Result<Sprite, JsValue> {
    let Look { name, mark, shape, tone, .. } = &*flight.look;
    let whole = element("g")?;
    whole.set_attribute("class", &format!("message {} {}", tone.class(), shape.class()))?;
    whole.set_attribute("data-name", name)?;
    whole.set_attribute("data-of", &format!("m{}", flight.id))?;
    whole.set_attribute("data-part", Part::Start.name())?;
    let halo = element("circle")?;
    halo.set_attribute("class", "halo")?;
    halo.set_attribute("r", "17")?;
    whole.append_child(&halo)?;
    let ahead = element("g")?;
    let turn = degrees(from, to);
    ahead.set_attribute("transform", &rotate(turn))?;
    if !flight.look.is_quiet() {
        let trail = element("path")?;
        trail.set_attribute("class", "trail")?;
        trail.set_attribute("d", "M-38 0H-10")?;
        ahead.append_child(&trail)?;
        let chevron = element("path")?;
        chevron.set_attribute("class", "chevron")?;
        chevron.set_attribute("d", "M17-4.5 21.5 0 17 4.5")?;
        ahead.append_child(&chevron)?;
    }
    whole.append_child(&ahead)?;
    let body = element("path")?;
    body.set_attribute("class", "body")?;
    body.set_attribute("d", outline(*shape))?;
    let turned =
        matches!(shape, crate::message::Shape::Triangle | crate::message::Shape::TriangleBack);
    if turned {
        // Both kinds of triangle point to where they go.
        let back = matches!(shape, crate::message::Shape::TriangleBack);
        let turn = if back { turn + 180.0 } else { turn };
        body.set_attribute("transform", &rotate(turn))?;
    }
    whole.append_child(&body)?;
    if !mark.is_empty() {
        let letters = text("mark", mark, 4.0)?;
        whole.append_child(&letters)?;
    }
    if labelled && !flight.look.is_quiet() {
        let label = text("name", name, 26.0)?;
        whole.append_child(&label)?;
    }
    group.append_child(&whole)?;
    let transform = own_transform(&whole)?;
    let length = (to.x - from.x).hypot(to.y - from.y);
    let part = Cell::default();
    Ok(Sprite { element: whole, transform, flight: flight.clone(), from, to, length, part })
}

fn text(class: &str, words: &str, y: f32) -> Result<Element, JsValue> {
    let text = element("text")?;
    text.set_attribute("class", class)?;
    text.set_attribute("y", &number(y))?;
    text.set_text_content(Some(words));
    Ok(text)
}
