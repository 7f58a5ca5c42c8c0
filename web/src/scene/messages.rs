//! Messages on their way, drawn outside of Yew: each has an element that is moved by a cached
//! transform, so that a frame costs no text and no comparison of trees. What arrived leaves its
//! element to the next one that looks alike.

use super::hover;
use super::layout::{Layout, Point, between, degrees, number};
use crate::deadline::Deadline;
use crate::later;
use crate::message::{Look, Shape, Tone, outline};
use crate::svg::{Often, element, set, set_word, shift, transform_of, turn, write};
use crate::view::FlightView;
use std::cell::Cell;
use std::rc::Rc;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Element, SvgTransform};
use zabscope_core::base::Map;
use zabscope_core::sim::Micros;

/// Where a message stands that does not move, as a share of its way.
const STILL_SHARE: f32 = 0.5;
/// So near to the sender there is no room for a trail, so near to the receiver none for a name.
const START: f32 = 34.0;
const END: f32 = 52.0;
/// From one message to the next of those that wait at the same place: further than a press reaches.
const QUEUED: f32 = 19.0;
/// Elements that wait for another message, at most.
const SPARE_MAX: usize = 256;

/// The messages that are in the page.
#[derive(Debug, Default)]
pub struct Messages {
    /// Where they are: another page has another group.
    group: Option<Element>,
    sprites: Map<u64, Sprite>,
    /// Elements of messages that are gone; they are not in the page.
    spare: Vec<Sprite>,
    /// What new elements are copies of.
    models: Vec<(Kind, Element)>,
    /// Messages are missing in the page, or are still there.
    is_short: bool,
    chosen: Option<u64>,
    rest: Option<Element>,
}

#[derive(Debug)]
struct Sprite {
    kind: Kind,
    element: Element,
    transform: SvgTransform,
    /// What is turned into the direction of the way, and by how much more.
    turned: Vec<(SvgTransform, f32)>,
    mark: Option<Element>,
    flight: FlightView,
    from: Point,
    to: Point,
    length: f32,
    part: Cell<Part>,
    held: bool,
}

/// Where on its way a message is: names and trails are left out near seats, where they would lie
/// over other words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// It is not placed yet.
    None,
    Start,
    Way,
    End,
    /// It waits behind others.
    Queue,
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
            Self::None => "",
            Self::Start => "start",
            Self::Way => "way",
            Self::End => "end",
            Self::Queue => "queue",
        }
    }
}

/// What messages look alike: all but letters, and where they go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Kind {
    name: &'static str,
    shape: Shape,
    tone: Tone,
    marked: bool,
    named: bool,
}

impl Kind {
    /// Of a message; its name is written if it is the `first` of a fan.
    fn of(look: &Look, first: bool) -> Self {
        let Look { name, shape, tone, mark, .. } = look;
        let named = first && !look.is_quiet();
        Self { name, shape: *shape, tone: *tone, marked: !mark.is_empty(), named }
    }

    /// By how much more it is turned than its way, if it is turned as a whole: both kinds of
    /// triangle point to where they go.
    const fn turn(self) -> Option<f32> {
        match self.shape {
            Shape::Triangle => Some(0.0),
            Shape::TriangleBack => Some(180.0),
            _ => None,
        }
    }

    /// True if it shows which way it goes.
    fn shows_way(self) -> bool {
        self.tone != Tone::Quiet
    }

    /// A new element, from text: one call of the browser instead of thirty.
    fn model(self) -> Result<Element, JsValue> {
        let whole = element("g")?;
        let class = format!("message {} {}", self.tone.class(), self.shape.class());
        whole.set_attribute("class", &class)?;
        whole.set_attribute("data-name", self.name)?;
        whole.set_attribute("transform", "translate(0)")?;
        let mut parts = String::from("<circle class=\"halo\" r=\"17\"/>");
        if self.shows_way() {
            parts.push_str(
                "<g transform=\"rotate(0)\"><path class=\"trail\" d=\"M-38 0H-10\"/>\
                 <path class=\"chevron\" d=\"M17-4.5 21.5 0 17 4.5\"/></g>",
            );
        }
        // What is never turned has no transform: each costs the browser something to draw.
        let turned = self.turn().map_or("", |_| " transform=\"rotate(0)\"");
        let body = outline(self.shape);
        parts.push_str(&format!("<path class=\"body\" d=\"{body}\"{turned}/>"));
        if self.marked {
            parts.push_str("<text class=\"mark\" y=\"4\"></text>");
        }
        if self.named {
            parts.push_str(&format!("<text class=\"name\" y=\"26\">{}</text>", self.name));
        }
        whole.set_inner_html(&parts);
        Ok(whole)
    }
}

impl Messages {
    /// Makes the page show these messages, in this group; the chosen one is marked. Those that have
    /// no element by the deadline get one with another picture, and so go those that have arrived.
    pub fn show(
        &mut self,
        group: &Element,
        flights: &[FlightView],
        layout: &Layout,
        chosen: Option<u64>,
        deadline: Deadline,
    ) {
        let mut share = deadline.share();
        self.is_short = false;
        if self.group.as_ref() != Some(group) {
            self.sprites.clear();
            self.spare.clear();
            self.rest = None;
            self.group = Some(group.clone());
        }
        let mut free = self.free(flights, layout);
        for (place, flight) in flights.iter().enumerate() {
            if let Some(sprite) = self.sprites.get_mut(&flight.id) {
                sprite.hold(flight.held);
                sprite.flight = flight.clone();
            } else if let Some(way) = layout.way(flight.from, flight.to) {
                // The first of a fan has its name.
                let fan = |it: &FlightView| (it.from, it.sent_at, it.look.name);
                let first = !flights.iter().take(place).any(|other| fan(other) == fan(flight));
                if !share.take() {
                    self.is_short = true;
                    break;
                }
                let kind = Kind::of(&flight.look, first);
                if let Ok(sprite) = self.dressed(&mut free, group, flight, way, kind) {
                    self.sprites.insert(flight.id, sprite);
                }
            }
        }
        for sprite in free {
            // What is late stands where it arrived for another picture, unless another message has
            // its number now.
            let id = sprite.flight.id;
            if !share.take() && !self.sprites.contains_key(&id) {
                self.is_short = true;
                self.sprites.insert(id, sprite);
                continue;
            }
            sprite.element.remove();
            if self.spare.len() < SPARE_MAX {
                self.spare.push(sprite);
            }
        }
        // Nothing is chosen before the code for it is there.
        if later::is_here() {
            self.mark(group, chosen);
        }
    }

    /// Takes away those that are not among these any more.
    fn free(&mut self, flights: &[FlightView], layout: &Layout) -> Vec<Sprite> {
        // They come in the order of their numbers.
        let place = |id: u64| flights.binary_search_by_key(&id, |flight| flight.id).ok();
        let is_kept = |id: u64, sprite: &Sprite| {
            // Another future may use the same number for another message.
            let flight = place(id).and_then(|place| flights.get(place));
            flight.is_some_and(|flight| {
                let same = Rc::ptr_eq(&flight.look, &sprite.flight.look);
                (same || flight.look == sprite.flight.look)
                    && layout.way(flight.from, flight.to) == Some((sprite.from, sprite.to))
            })
        };
        let gone = self.sprites.iter().filter(|(id, sprite)| !is_kept(**id, sprite));
        let gone: Vec<u64> = gone.map(|(id, _)| *id).collect();
        for sprite in gone.iter().filter_map(|id| self.sprites.get(id)) {
            // Somebody looks at it: what comes next is another message.
            if hover::is_lit() || self.chosen == Some(sprite.flight.id) {
                sprite.element.class_list().remove_2("hot", "selected").ok();
            }
        }
        gone.into_iter().filter_map(|id| self.sprites.remove(&id)).collect()
    }

    /// True if these messages are in the page, all of them and no others.
    #[must_use]
    pub const fn is_whole(&self) -> bool {
        !self.is_short
    }

    /// A message's element: one of these, if one looks alike, else a new one.
    fn dressed(
        &mut self,
        free: &mut Vec<Sprite>,
        group: &Element,
        flight: &FlightView,
        way: (Point, Point),
        kind: Kind,
    ) -> Result<Sprite, JsValue> {
        let fits = |sprite: &Sprite| sprite.kind == kind;
        if let Some(place) = free.iter().position(fits) {
            return free.swap_remove(place).dress(flight, way);
        }
        let sprite = match self.spare.iter().position(fits) {
            Some(place) => self.spare.swap_remove(place),
            None => Sprite::new(kind, self.model(kind)?, flight)?,
        };
        let sprite = sprite.dress(flight, way)?;
        group.append_child(&sprite.element)?;
        Ok(sprite)
    }

    fn model(&mut self, kind: Kind) -> Result<Element, JsValue> {
        let known = self.models.iter().find(|(other, _)| *other == kind);
        let model = match known {
            Some((_, model)) => model.clone(),
            None => kind.model()?,
        };
        let copy = model.clone_node_with_deep(true)?.unchecked_into();
        if known.is_none() {
            self.models.push((kind, model));
        }
        Ok(copy)
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
        // How many wait already at the end of a way. In most pictures none does.
        let mut queues: Vec<(Point, f32)> = Vec::new();
        for sprite in self.sprites.values() {
            let share = if still { STILL_SHARE } else { sprite.flight.share(now) };
            let (share, waits) = sprite.queued(share, still, &mut queues);
            let at = between(sprite.from, sprite.to, share);
            shift(&sprite.transform, at.x, at.y);
            let part = if waits { Part::Queue } else { Part::of(share, sprite.length) };
            if sprite.kind.shows_way() && sprite.part.replace(part) != part {
                set_word(&sprite.element, Often::Part, part.name());
            }
        }
    }
}

impl Sprite {
    /// How far it gets if others wait before it, and if they keep it from its place: each is seen,
    /// and can be pressed.
    fn queued(&self, share: f32, still: bool, queues: &mut Vec<(Point, f32)>) -> (f32, bool) {
        let queue = queues.iter_mut().find(|(end, _)| *end == self.to);
        let before = queue.as_ref().map_or(0.0, |(_, count)| *count);
        let end = if still { STILL_SHARE } else { self.flight.end() };
        let last = (end - before * QUEUED / self.length.max(1.0)).max(0.0);
        if share < last {
            return (share, false);
        }
        match queue {
            Some((_, count)) => *count += 1.0,
            None => queues.push((self.to, 1.0)),
        }
        (last, before > 0.0)
    }

    /// Marks what somebody holds.
    #[inline(never)]
    fn hold(&mut self, held: bool) {
        if self.held != held {
            self.held = held;
            self.element.class_list().toggle_with_force("held", held).ok();
        }
    }

    /// Of a copy of its kind's model.
    fn new(kind: Kind, element: Element, flight: &FlightView) -> Result<Self, JsValue> {
        let missing = || JsValue::NULL;
        let mut turned = Vec::new();
        let mut next = element.children().item(1).ok_or_else(missing)?;
        if kind.shows_way() {
            turned.push((transform_of(&next)?, 0.0));
            next = next.next_element_sibling().ok_or_else(missing)?;
        }
        if let Some(more) = kind.turn() {
            turned.push((transform_of(&next)?, more));
        }
        let mark = next.next_element_sibling().filter(|_| kind.marked);
        if let Some(letters) = &mark {
            write(letters, &flight.look.mark);
        }
        let nowhere = Point { x: 0.0, y: 0.0 };
        Ok(Self {
            kind,
            transform: transform_of(&element)?,
            element,
            turned,
            mark,
            flight: flight.clone(),
            from: nowhere,
            to: nowhere,
            length: 0.0,
            part: Cell::new(Part::None),
            held: false,
        })
    }

    /// Makes it a message on its way.
    fn dress(mut self, flight: &FlightView, (from, to): (Point, Point)) -> Result<Self, JsValue> {
        self.hold(flight.held);
        set(&self.element, Often::Of, &format!("m{}", flight.id));
        if let Some(letters) = &self.mark
            && self.flight.look.mark != flight.look.mark
        {
            write(letters, &flight.look.mark);
        }
        if (from, to) != (self.from, self.to) {
            let way = degrees(from, to);
            for (transform, more) in &self.turned {
                turn(transform, (way + more).round());
            }
        }
        self.part.set(Part::None);
        let length = (to.x - from.x).hypot(to.y - from.y);
        Ok(Self { flight: flight.clone(), from, to, length, ..self })
    }
}
