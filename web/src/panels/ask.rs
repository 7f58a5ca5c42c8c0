//! Everything that a client can ask, as a form. It makes the same commands as the command line.

use crate::act::Act;
use crate::order::Order;
use web_sys::{HtmlInputElement, HtmlSelectElement};
use yew::prelude::*;
use zabscope_core::base::ClientId;
use zabscope_core::cli::{Command, parse};
use zabscope_core::proto::request::Request;
use zabscope_core::recipes::{Program, Turns};

/// What the form is drawn from.
#[derive(Clone, Debug, PartialEq, Properties)]
pub struct AskProps {
    /// Who asks.
    pub client: ClientId,
    /// Where it goes.
    pub order: Callback<Order>,
}

/// The fields that a verb has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "each is a field of the form")]
struct Fields {
    path: bool,
    data: bool,
    mode: bool,
    version: bool,
    watch: bool,
}

const NONE: Fields = Fields { path: false, data: false, mode: false, version: false, watch: false };
const PATH: Fields = Fields { path: true, ..NONE };
const READ: Fields = Fields { watch: true, ..PATH };
const CREATE: Fields = Fields { data: true, mode: true, ..PATH };
const CHANGE: Fields = Fields { data: true, version: true, ..PATH };

/// Groups of verbs: each with its words and its fields.
type Group = (&'static str, &'static [(&'static str, &'static str, Fields)]);

const GROUPS: [Group; 4] = [
    (
        "Write",
        &[
            ("create", "create", CREATE),
            ("create2", "create, with Stat", CREATE),
            ("set", "set", CHANGE),
            ("delete", "delete", Fields { version: true, ..PATH }),
            ("deleteall", "delete all below", PATH),
            ("setAcl", "set the ACL", CHANGE),
            ("multi", "multi: all or none", Fields { data: true, ..NONE }),
        ],
    ),
    (
        "Read",
        &[
            ("get", "get", READ),
            ("stat", "exists", READ),
            ("children", "children", READ),
            ("ls", "children, with Stat", READ),
            ("getAcl", "get the ACL", PATH),
            ("sync", "sync", PATH),
            ("getEphemerals", "ephemerals of the session", PATH),
            ("getAllChildrenNumber", "count all below", PATH),
            ("whoami", "who am I", NONE),
        ],
    ),
    (
        "Watch",
        &[
            ("addWatch", "watch, persistent", PATH),
            ("addWatch -R", "watch, with all below", PATH),
            ("removewatches", "remove watches", PATH),
        ],
    ),
    (
        "Recipe",
        &[
            ("lock", "take a lock in turn", PATH),
            ("naive", "the same with a herd", PATH),
            ("elect", "stand for election", PATH),
            ("nothing", "stop the recipe", NONE),
        ],
    ),
];

/// How a znode is created: words of the command line, and for people.
const MODES: [(&str, &str); 7] = [
    ("", "persistent"),
    ("-s", "sequential"),
    ("-e", "ephemeral"),
    ("-es", "ephemeral, sequential"),
    ("-c", "container"),
    ("-t 10000", "TTL 10 s"),
    ("-st 10000", "TTL 10 s, sequential"),
];

/// What stands in the form.
#[derive(Clone, Debug, PartialEq)]
pub struct Form {
    /// What is asked.
    pub verb: String,
    /// About which znode.
    pub path: String,
    /// Data, an ACL, or the operations of a multi.
    pub data: String,
    /// One of the modes of create.
    pub mode: String,
    /// The version that must be; empty for any.
    pub version: String,
    /// Watch what is read.
    pub watch: bool,
}

impl Default for Form {
    fn default() -> Self {
        let text = str::to_owned;
        let (verb, path, data) = (text("create"), text("/a"), text("1"));
        Self { verb, path, data, mode: String::new(), version: String::new(), watch: false }
    }
}

fn fields(verb: &str) -> Fields {
    let mut verbs = GROUPS.iter().flat_map(|(_, verbs)| verbs.iter());
    verbs.find(|(name, ..)| *name == verb).map_or(NONE, |(.., fields)| *fields)
}

impl Form {
    /// The order that it stands for.
    ///
    /// # Errors
    /// What is wrong with it, in the words of the command line.
    pub fn order(&self, client: ClientId) -> Result<Order, String> {
        let fields = fields(&self.verb);
        let root = self.path.trim().to_owned();
        let turns = |root| Turns { root, hold_ms: 1_000, rest_ms: 1_000 };
        let runs = |program| Ok(Order::Act(Act::Run(client, program)));
        match self.verb.as_str() {
            "nothing" => return runs(Program::None),
            "naive" => {
                self.command("sync")?;
                return runs(Program::NaiveLock(turns(root)));
            }
            "children" => {
                self.command("sync")?;
                let (path, watch) = (root.as_str().into(), self.watch);
                return Ok(Order::Ask(client, Request::GetChildren { path, watch }));
            }
            _ => {}
        }
        let mut words = self.verb.clone();
        if fields.mode {
            words.push(' ');
            words.push_str(&self.mode);
        }
        if fields.watch && self.watch {
            words.push_str(" -w");
        }
        if fields.version && !self.version.trim().is_empty() {
            words.push_str(" -v ");
            words.push_str(&self.version);
        }
        self.command(&words).map(Order::Command)
    }

    /// The command of these words with the fields behind them.
    fn command(&self, words: &str) -> Result<Command, String> {
        let fields = fields(&self.verb);
        let mut words: Vec<String> = words.split_whitespace().map(str::to_owned).collect();
        if fields.path {
            words.push(self.path.trim().to_owned());
        }
        if self.verb == "multi" {
            words.extend(self.data.split(';').map(|one| one.trim().to_owned()));
        } else if fields.data {
            words.push(self.data.clone());
        }
        let command = parse(&words).map_err(|why| why.to_string())?;
        command.ok_or_else(|| "What is asked?".to_owned())
    }
}

/// The form.
#[component]
pub fn Ask(props: &AskProps) -> Html {
    let AskProps { client, order } = props;
    // Yew puts back what a field has that its state has not, so all typing goes through a state.
    let form = use_state(Form::default);
    let onsubmit = {
        let (order, form, client) = (order.clone(), form.clone(), *client);
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            order.emit(form.order(client).unwrap_or_else(Order::Wrong));
        })
    };
    let has = fields(&form.verb);
    let (data_label, data_hint) = match form.verb.as_str() {
        "multi" => ("Operations, with ; between them", "create /b 1; check -v 0 /a"),
        "setAcl" => ("ACL", "world:anyone:cdrwa"),
        _ => ("Data", ""),
    };
    html! {
        <form class="ask" {onsubmit}>
            <select id="verb" aria-label="What to ask" onchange={chosen(&form, |form, verb| form.verb = verb)}>
                { for GROUPS.map(|(group, verbs)| html! {
                    <optgroup label={group}>
                        { for verbs.iter().map(|(value, words, _)| html! {
                            <option value={*value} selected={form.verb == *value}>{ *words }</option>
                        }) }
                    </optgroup>
                }) }
            </select>
            { field(&form, "path", "Path", "", has.path, form.path.clone(), |form, path| form.path = path) }
            { field(&form, "data", data_label, data_hint, has.data, form.data.clone(), |form, data| form.data = data) }
            <select id="mode" aria-label="Kind of znode" class={(!has.mode).then_some("gone")}
                onchange={chosen(&form, |form, mode| form.mode = mode)}>
                { for MODES.map(|(value, words)| html! {
                    <option {value} selected={form.mode == value}>{ words }</option>
                }) }
            </select>
            if has.watch {
                <label class="flag">
                    <input type="checkbox" id="watch" checked={form.watch} onchange={switched(&form)} />{ "watch" }
                </label>
            } else {
                { field(&form, "version", "Version that it must have; empty for any", "any version",
                    has.version, form.version.clone(), |form, version| form.version = version) }
            }
            <button class="other" id="ask" type="submit">{ "Ask" }</button>
        </form>
    }
}

fn field(
    form: &UseStateHandle<Form>,
    id: &'static str,
    label: &'static str,
    hint: &'static str,
    shown: bool,
    value: String,
    change: fn(&mut Form, String),
) -> Html {
    let form = form.clone();
    let oninput = Callback::from(move |event: InputEvent| {
        if let Some(input) = event.target_dyn_into::<HtmlInputElement>() {
            let mut next = (*form).clone();
            change(&mut next, input.value());
            form.set(next);
        }
    });
    html! {
        <input type="text" {id} aria-label={label} placeholder={hint} {value} {oninput}
            class={(!shown).then_some("gone")} spellcheck="false" autocomplete="off" maxlength="2000" />
    }
}

fn chosen(form: &UseStateHandle<Form>, change: fn(&mut Form, String)) -> Callback<Event> {
    let form = form.clone();
    Callback::from(move |event: Event| {
        if let Some(list) = event.target_dyn_into::<HtmlSelectElement>() {
            let mut next = (*form).clone();
            change(&mut next, list.value());
            form.set(next);
        }
    })
}

fn switched(form: &UseStateHandle<Form>) -> Callback<Event> {
    let form = form.clone();
    Callback::from(move |event: Event| {
        if let Some(input) = event.target_dyn_into::<HtmlInputElement>() {
            form.set(Form { watch: input.checked(), ..(*form).clone() });
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_verb_is_an_order_and_no_field_ends_in_a_panic() {
        for (_, verbs) in GROUPS {
            for (verb, ..) in verbs {
                let mut form = Form { verb: (*verb).to_owned(), ..Form::default() };
                match *verb {
                    "setAcl" => form.data = "world:anyone:r".to_owned(),
                    "multi" => form.data = "create /b 1; check -v 0 /a; delete /b".to_owned(),
                    _ => {}
                }
                assert!(form.order(ClientId(1)).is_ok(), "{verb}: {:?}", form.order(ClientId(1)));
                for wrong in ["", "a", "/", "//", "-v", "'", ";;", "é\u{0}"] {
                    for (mode, _) in MODES {
                        let mut form = form.clone();
                        mode.clone_into(&mut form.mode);
                        wrong.clone_into(&mut form.path);
                        wrong.clone_into(&mut form.data);
                        wrong.clone_into(&mut form.version);
                        let _ = form.order(ClientId(1));
                    }
                }
            }
        }
    }

    #[test]
    fn fields_become_what_the_command_line_has() {
        let form = Form { mode: "-st 10000".to_owned(), ..Form::default() };
        let Ok(Order::Command(Command::Create { kind, data, .. })) = form.order(ClientId(1)) else {
            panic!("no create");
        };
        assert!(kind.sequential && kind.ttl_ms == Some(10_000) && data == Some(b"1".into()));
        let set = Form { verb: "set".to_owned(), version: "3".to_owned(), ..Form::default() };
        assert!(matches!(
            set.order(ClientId(1)),
            Ok(Order::Command(Command::Set { version: 3, .. }))
        ));
        let wrong = Form { version: "x".to_owned(), ..set };
        assert!(wrong.order(ClientId(1)).is_err_and(|why| why.contains("usage: set")));
    }
}
