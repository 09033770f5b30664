//! The pages of a link by e-mail. They work without a script, wherever the letter is read, and speak with the pre-built
//! UI's texts.

use std::collections::BTreeMap;

use axum::http::header::{ACCEPT_LANGUAGE, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest, Sha256};

use crate::app::App;

/// The texts of each language, as the pre-built UI has them. Built in: there may be no folder of pages.
const LANGUAGES: [(&str, &str); 6] = [
    ("en", include_str!("../../../../site/ui/texts/en.json")),
    ("de", include_str!("../../../../site/ui/texts/de.json")),
    ("fr", include_str!("../../../../site/ui/texts/fr.json")),
    ("es", include_str!("../../../../site/ui/texts/es.json")),
    ("ja", include_str!("../../../../site/ui/texts/ja.json")),
    ("ar", include_str!("../../../../site/ui/texts/ar.json")),
];

/// What is shown.
pub enum Page<'a> {
    /// The button, which posts `token` to `path`. Both become part of the page as they are.
    Ask {
        /// Where the button leads.
        path: &'a str,
        /// The word of the link.
        token: &'a str,
    },
    /// The button was pressed.
    Confirmed,
    /// No such link waits.
    Over,
}

/// The page, in the language of `locale` or else of the browser.
pub fn page(app: &App, headers: &HeaderMap, locale: Option<&str>, page: &Page) -> Response {
    let accepted = headers.get(ACCEPT_LANGUAGE).and_then(|languages| languages.to_str().ok()).unwrap_or_default();
    let (language, built_in) = choose(locale, accepted);
    let built_in: BTreeMap<&str, String> = serde_json::from_str(built_in).unwrap_or_default();
    let theirs = app.config.ui.texts.get(language);
    let text = |key: &str| {
        let text = theirs.and_then(|texts| texts.get(key)).or_else(|| built_in.get(key));
        text.map(|text| escape(text)).unwrap_or_default()
    };
    let (status, title, content) = match page {
        Page::Ask { path, token } => (
            StatusCode::OK,
            text("magic.title"),
            format!(
                "<p>{}</p><form method=post action=\"{path}\"><input type=hidden name=token value=\"{token}\">\
                 <button class=\"primary wide\">{}</button></form>",
                text("magic.why"),
                text("code.confirm")
            ),
        ),
        Page::Confirmed => (StatusCode::OK, text("magic.confirmed"), format!("<p>{}</p>", text("magic.go-back"))),
        Page::Over => (StatusCode::GONE, text("magic.over"), format!("<p>{}</p>", text("magic.over-why"))),
    };
    let name = escape(app.config.ui.theme.name.as_ref().unwrap_or(&app.config.rp_name));
    let colors = app.config.ui.style_sheet();
    let html = format!(
        "<!doctype html><html lang={language} dir={} data-theme=\"{}\"><head><meta charset=utf-8>\
         <meta name=viewport content=\"width=device-width, initial-scale=1\">\
         <meta name=color-scheme content=\"light dark\"><title>{title}</title>\
         <link rel=stylesheet href=/ui/ui.css><style>{colors}</style></head>\
         <body><main class=card><header class=brand><p>{name}</p></header><h1>{title}</h1>{content}</main></body></html>",
        if language == "ar" { "rtl" } else { "ltr" },
        app.config.ui.color_scheme(),
    );
    let policy = format!(
        "default-src 'none'; style-src 'self' 'sha256-{}'; img-src 'self'; form-action 'self'; base-uri 'none'; \
         frame-ancestors 'none'",
        BASE64_STANDARD.encode(Sha256::digest(&colors))
    );
    let headers = [
        (CONTENT_TYPE, "text/html; charset=utf-8".to_owned()),
        (CONTENT_SECURITY_POLICY, policy),
        (REFERRER_POLICY, "no-referrer".to_owned()),
    ];
    (status, headers, html).into_response()
}

/// The first language wanted that there is: `locale` before those that the browser `accepted`, most wanted first, as
/// browsers send them.
fn choose(locale: Option<&str>, accepted: &str) -> (&'static str, &'static str) {
    let wanted = locale.into_iter().chain(accepted.split(','));
    let mut known = wanted.filter_map(|tag| {
        let language = tag.trim().split(['-', ';']).next().unwrap_or_default();
        LANGUAGES.into_iter().find(|(name, _)| name.eq_ignore_ascii_case(language))
    });
    known.next().unwrap_or(LANGUAGES[0])
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_is_of_track_then_of_the_browser_then_english() {
        for (locale, accepted, language) in [
            (Some("fr-CA"), "de", "fr"),
            (Some("tlh"), "pt-BR, es;q=0.9, en;q=0.8", "es"),
            (None, "DE-at,en", "de"),
            (None, "ar", "ar"),
            (None, "pt, *;q=0.1", "en"),
            (None, "", "en"),
        ] {
            assert_eq!(choose(locale, accepted).0, language, "{locale:?} {accepted}");
        }
    }

    #[test]
    fn every_language_has_the_texts() {
        for (language, texts) in LANGUAGES {
            let texts: BTreeMap<&str, String> = serde_json::from_str(texts).unwrap();
            for key in ["title", "why", "confirmed", "go-back", "over", "over-why"] {
                assert!(texts.contains_key(format!("magic.{key}").as_str()), "{language} {key}");
            }
        }
    }
}
