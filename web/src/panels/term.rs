//! A word that the glossary explains: on hover, with the focus, and by a tap.

use yew::prelude::*;
use zabscope_core::guide::{glossary, term};

/// What a word is drawn from.
#[derive(Clone, Debug, PartialEq, Properties)]
pub struct TermProps {
    /// As it stands in its sentence.
    pub shown: AttrValue,
    /// As it stands in the glossary.
    pub word: AttrValue,
}

/// The word, and its explanation while somebody looks at it. Escape takes it away; it stays while
/// the pointer is on it.
#[component]
pub fn TermWord(props: &TermProps) -> Html {
    let TermProps { shown, word } = props;
    let open = use_state(|| false);
    let Some(term) = term(word) else { return html! { { shown } } };
    let id = format!("term-{}", term.word);
    let set = |value: bool| {
        let open = open.clone();
        move || open.set(value)
    };
    let (show, tap, see) = (set(true), set(true), set(true));
    let (hide, leave, end) = (set(false), set(false), set(false));
    let is_open = *open;
    let onkeydown = Callback::from(move |event: KeyboardEvent| {
        if event.key() == "Escape" && is_open {
            event.stop_propagation();
            end();
        }
    });
    html! {
        <span class="term-at" onmouseenter={Callback::from(move |_: MouseEvent| see())}
            onmouseleave={Callback::from(move |_: MouseEvent| leave())}>
            <button class="term" type="button" aria-describedby={id.clone()} {onkeydown}
                onfocus={Callback::from(move |_: FocusEvent| show())}
                onblur={Callback::from(move |_: FocusEvent| hide())}
                onclick={Callback::from(move |_: MouseEvent| tap())}>{ shown }</button>
            <span class="tip" role="tooltip" {id} hidden={!is_open}>
                <b>{ term.word }</b>{ ": " }{ term.text }
            </span>
        </span>
    }
}

/// The page with all words.
#[inline(never)]
pub fn words() -> Html {
    html! {
        <>
            <h1>{ "Words" }</h1>
            <p class="voice">{ "The words of the guided runs and of the stage, and how they are called elsewhere." }</p>
            <dl class="words">{ for glossary().map(|term| html! {
                <div id={format!("word-{}", term.word)}>
                    <dt>{ term.word }</dt>
                    <dd>{ term.text }
                        if !term.paper.is_empty() { <i>{ format!(" In the sources: {}.", term.paper) }</i> }</dd>
                </div>
            }) }</dl>
            <p><a class="other" href="#/run/leader-dies/1">{ "To the guided runs" }</a></p>
        </>
    }
}
