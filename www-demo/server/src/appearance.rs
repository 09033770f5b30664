//! How the pre-built UI looks and what it says, from a file of the operator's.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// The largest logo: it is part of the first view.
const LARGEST_LOGO: usize = 16 * 1024;

/// The colours of `ui.css` that may be changed, by the names that they have there.
const COLORS: [&str; 12] = [
    "ground",
    "card",
    "sunk",
    "ink",
    "ink-soft",
    "line",
    "control",
    "accent",
    "accent-soft",
    "on-accent",
    "refused",
    "refused-soft",
];

/// The file of `--ui`. Everything may be left out, and stays as it is built in.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Appearance {
    /// How the page looks.
    #[serde(default)]
    pub theme: Theme,
    /// Other sentences in the place of the built-in ones, by language and key: `{"en": {"quit": "Back to the shop"}}`.
    #[serde(default)]
    pub texts: Texts,
    /// The picture of [`Theme::logo`].
    #[serde(skip)]
    pub logo: Option<Logo>,
}

type Texts = BTreeMap<String, BTreeMap<String, String>>;

/// See [`Appearance::theme`].
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Theme {
    /// What stands at the top; the relying party's name if absent.
    pub name: Option<String>,
    /// An SVG, PNG or WebP file before the name, its path relative to the configuration's; none if absent.
    pub logo: Option<PathBuf>,
    /// Whether the page is light or dark whatever the device prefers; as the device prefers if absent.
    pub color_scheme: Option<ColorScheme>,
    /// The colours of the light page.
    #[serde(default)]
    pub colors: Colors,
    /// The colours of the dark page.
    #[serde(default)]
    pub dark_colors: Colors,
}

/// Hexadecimal colours, `#rgb` or `#rrggbb`, by their names in `ui.css`.
pub type Colors = BTreeMap<String, String>;

/// See [`Theme::color_scheme`].
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ColorScheme {
    /// Dark ink on a light ground.
    Light,
    /// Light ink on a dark ground.
    Dark,
}

impl ColorScheme {
    fn name(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }
}

/// A picture, as it is served.
#[derive(Clone, Debug)]
pub struct Logo {
    /// Its media type.
    pub kind: &'static str,
    /// The file.
    pub bytes: Vec<u8>,
}

impl Appearance {
    /// Reads the operator's file. `site` is the folder of the pages, whose texts the file may change.
    ///
    /// # Errors
    /// One line that says what is wrong, and where.
    pub fn read(file: &Path, site: Option<&Path>) -> Result<Self, String> {
        let told = |error: String| format!("{} cannot be used: {error}", file.display());
        let text = std::fs::read_to_string(file).map_err(|error| told(error.to_string()))?;
        let mut appearance: Self = serde_json::from_str(&text).map_err(|error| told(error.to_string()))?;
        appearance.theme.check().map_err(told)?;
        if let Some(site) = site {
            check_texts(&appearance.texts, site).map_err(told)?;
        }
        if let Some(logo) = &appearance.theme.logo {
            let logo = file.parent().unwrap_or(Path::new("")).join(logo);
            appearance.logo = Some(Logo::read(&logo).map_err(|error| told(format!("theme.logo: {error}")))?);
        }
        Ok(appearance)
    }

    /// The colours as a style sheet, to stand after `ui.css`. Empty if there are none.
    pub fn style_sheet(&self) -> String {
        let Theme { colors, dark_colors, .. } = &self.theme;
        let mut style = rule(":root", colors);
        let dark = rule(":root:not([data-theme=\"light\"])", dark_colors);
        if !dark.is_empty() {
            let chosen = rule(":root[data-theme=\"dark\"]", dark_colors);
            let _ = write!(style, "@media (prefers-color-scheme: dark){{{dark}}}{chosen}");
        }
        style
    }

    /// `light`, `dark`, or nothing where the device decides.
    pub fn color_scheme(&self) -> &'static str {
        self.theme.color_scheme.map_or("", ColorScheme::name)
    }
}

fn rule(selector: &str, colors: &Colors) -> String {
    if colors.is_empty() {
        return String::new();
    }
    let declared: Vec<_> = colors.iter().map(|(name, color)| format!("--{name}:{color}")).collect();
    format!("{selector}{{{}}}", declared.join(";"))
}

impl Theme {
    fn check(&self) -> Result<(), String> {
        for (part, colors) in [("colors", &self.colors), ("darkColors", &self.dark_colors)] {
            for (name, color) in colors {
                if !COLORS.contains(&name.as_str()) {
                    return Err(format!("theme.{part} has no colour `{name}`: {}", COLORS.join(", ")));
                }
                if !is_hexadecimal(color) {
                    return Err(format!("theme.{part}.{name} is `{color}` and not of the form #rgb or #rrggbb"));
                }
            }
        }
        Ok(())
    }
}

/// Nothing else: a colour becomes part of a style sheet.
fn is_hexadecimal(color: &str) -> bool {
    color
        .strip_prefix('#')
        .is_some_and(|digits| matches!(digits.len(), 3 | 6) && digits.bytes().all(|digit| digit.is_ascii_hexdigit()))
}

/// Whether every text replaces one that there is, and speaks of the same values.
fn check_texts(texts: &Texts, site: &Path) -> Result<(), String> {
    for (language, sentences) in texts {
        let is_name = language.bytes().all(|byte| byte.is_ascii_lowercase());
        let file = site.join("ui/texts").join(format!("{language}.json"));
        let built_in = is_name.then(|| std::fs::read_to_string(file).ok()).flatten();
        let built_in = built_in.ok_or_else(|| format!("texts.{language}: the page does not speak this language"))?;
        let built_in: BTreeMap<String, String> =
            serde_json::from_str(&built_in).map_err(|error| format!("texts.{language}: {error}"))?;
        for (key, sentence) in sentences {
            let original = built_in.get(key).ok_or_else(|| format!("texts.{language} has no key `{key}`"))?;
            if let Some(value) = values(sentence).find(|value| !original.contains(value)) {
                return Err(format!("texts.{language}.{key}: there is no {value} to be put in"));
            }
        }
    }
    Ok(())
}

/// The `{names}` of a sentence.
fn values(sentence: &str) -> impl Iterator<Item = &str> {
    sentence.match_indices('{').filter_map(|(start, _)| {
        let end = sentence[start..].find('}')?;
        Some(&sentence[start..=start + end])
    })
}

impl Logo {
    fn read(file: &Path) -> Result<Self, String> {
        let kind = match file.extension().and_then(|extension| extension.to_str()) {
            Some("svg") => "image/svg+xml",
            Some("png") => "image/png",
            Some("webp") => "image/webp",
            _ => return Err(format!("{} is no .svg, .png or .webp", file.display())),
        };
        let bytes = std::fs::read(file).map_err(|error| format!("{}: {error}", file.display()))?;
        if bytes.len() > LARGEST_LOGO {
            return Err(format!("{} has more than {} KB", file.display(), LARGEST_LOGO / 1024));
        }
        Ok(Self { kind, bytes })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is said of this configuration, which lies beside a logo and before the site's own texts.
    fn complaint(configuration: &str) -> String {
        let folder = std::env::temp_dir().join(format!("appearance-{}", uuid::Uuid::new_v4()));
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join("ui.json");
        std::fs::write(&file, configuration).unwrap();
        std::fs::write(folder.join("large.png"), vec![0; LARGEST_LOGO + 1]).unwrap();
        let site = Path::new(env!("CARGO_MANIFEST_DIR")).join("../site");
        let read = Appearance::read(&file, Some(&site));
        std::fs::remove_dir_all(&folder).unwrap();
        let said = read.expect_err(configuration);
        assert!(!said.contains('\n'), "one line: {said}");
        let (_, told) = said.split_once("ui.json cannot be used: ").expect(&said);
        told.to_owned()
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        for (configuration, told) in [
            ("{", "EOF while parsing an object at line 1 column 1"),
            (r#"{"thema": {}}"#, "unknown field `thema`"),
            (r#"{"theme": {"color": {}}}"#, "unknown field `color`"),
            (r#"{"theme": {"colorScheme": "black"}}"#, "unknown variant `black`"),
            (r##"{"theme": {"colors": {"akzent": "#fff"}}}"##, "theme.colors has no colour `akzent`: ground, card,"),
            (r##"{"theme": {"darkColors": {"accent": "#ffff"}}}"##, "theme.darkColors.accent is `#ffff` and not"),
            (r##"{"theme": {"colors": {"ink": "#fff}body{"}}}"##, "theme.colors.ink is `#fff}body{` and not"),
            (r#"{"theme": {"logo": "logo.gif"}}"#, "theme.logo: "),
            (r#"{"theme": {"logo": "none.svg"}}"#, "theme.logo: "),
            (r#"{"theme": {"logo": "large.png"}}"#, "theme.logo: "),
            (r#"{"texts": {"tlh": {}}}"#, "texts.tlh: the page does not speak this language"),
            (r#"{"texts": {"../../x": {}}}"#, "texts.../../x: the page does not speak this language"),
            (r#"{"texts": {"en": {"challange.title": "Hi"}}}"#, "texts.en has no key `challange.title`"),
            (r#"{"texts": {"en": {"code.sent": "To {whom}"}}}"#, "texts.en.code.sent: there is no {whom} to be put in"),
        ] {
            let said = complaint(configuration);
            assert!(said.starts_with(told), "{configuration}: {said}");
        }
    }

    #[test]
    fn the_colours_of_each_theme_stay_with_it() {
        let appearance: Appearance =
            serde_json::from_str(r##"{"theme": {"colors": {"accent": "#123"}, "darkColors": {"ink": "#abcdef"}}}"##)
                .unwrap();
        assert_eq!(
            appearance.style_sheet(),
            ":root{--accent:#123}@media (prefers-color-scheme: dark){:root:not([data-theme=\"light\"]){--ink:#abcdef}}\
             :root[data-theme=\"dark\"]{--ink:#abcdef}"
        );
        assert_eq!(Appearance::default().style_sheet(), "");
    }
}
