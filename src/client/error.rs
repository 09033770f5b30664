//! Why an operation gave no data.

use super::host::property;
use std::fmt;
use wasm_bindgen::JsValue;

/// Why an operation gave no data.
#[derive(Debug, Clone)]
pub enum Error {
    /// The API said no, or the request is known to fail: `error_code` as in the API's documentation, or
    /// `token_not_set`, `network_error`, `too_many_requests`, `invalid_response`, `timeout`.
    Answered {
        /// The code.
        error_code: String,
        /// A sentence for people, where there is one.
        error_description: Option<String>,
        /// Of too many requests: after how many seconds to try again, where the API says so.
        retry_after: Option<f64>,
    },
    /// The browser or the authenticator refused the ceremony.
    Ceremony {
        /// The name of the browser's exception, such as `NotAllowedError`.
        name: String,
        /// What it means, such as `ERROR_AUTHENTICATOR_PREVIOUSLY_REGISTERED`.
        code: String,
        /// A sentence for people.
        message: String,
        /// Of a `NotAllowedError`, by the time that it took: `timeout`, or `user_canceled`. `None`: of any other.
        error_code: Option<String>,
        /// The browser's exception.
        cause: JsValue,
    },
    /// The QR code's socket closed or stayed silent.
    SocketLost(String),
    /// The browser blocked the window of [`super::Authsignal::launch_window`]; the text names the fix.
    PopupBlocked(String),
    /// The call itself is wrong, or impossible in this browser; the text names the fix.
    Misuse(String),
    /// Anything else that JavaScript threw.
    Thrown(JsValue),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Answered { error_code, error_description: Some(description), .. } => {
                write!(f, "{error_code}: {description}")
            }
            Error::Answered { error_code, .. } => f.write_str(error_code),
            Error::Ceremony { code, message, .. } => write!(f, "{code}: {message}"),
            Error::SocketLost(message) | Error::PopupBlocked(message) | Error::Misuse(message) => f.write_str(message),
            Error::Thrown(value) => write!(f, "{value:?}"),
        }
    }
}

impl std::error::Error for Error {}

impl Error {
    /// Its code: the API's, the ceremony's, `socket_lost` or `popup_blocked`. `None`: it has none.
    pub fn code(&self) -> Option<&str> {
        match self {
            Error::Answered { error_code: code, .. } | Error::Ceremony { code, .. } => Some(code),
            Error::SocketLost(_) => Some("socket_lost"),
            Error::PopupBlocked(_) => Some("popup_blocked"),
            Error::Misuse(_) | Error::Thrown(_) => None,
        }
    }

    pub(super) fn answered(answer: &JsValue) -> Self {
        // A body of the API's own may have its code in `error` alone.
        let code = ["errorCode", "error"].into_iter().find_map(|key| property(answer, key).as_string());
        match code {
            Some(error_code) => Error::Answered {
                error_code,
                error_description: property(answer, "errorDescription").as_string(),
                retry_after: property(answer, "retryAfter").as_f64(),
            },
            // The only other answer: a second autofill request on the page.
            None => Error::Misuse("An autofill request is already pending on this page".into()),
        }
    }

    /// What answered is not what the API is documented to answer.
    pub(super) fn invalid_response(why: impl fmt::Display) -> Self {
        Error::Answered {
            error_code: "invalid_response".into(),
            error_description: Some(why.to_string()),
            retry_after: None,
        }
    }

    pub(super) fn thrown(thrown: JsValue) -> Self {
        let text = |key| property(&thrown, key).as_string();
        match (text("code"), text("message")) {
            (Some(code), Some(message)) if code == "socket_lost" => Error::SocketLost(message),
            (Some(code), Some(message)) => Error::Ceremony {
                name: text("name").unwrap_or_default(),
                code,
                message,
                error_code: text("errorCode"),
                cause: property(&thrown, "cause"),
            },
            (None, Some(message)) if text("name").as_deref() == Some("Error") => Error::Misuse(message),
            _ => Error::Thrown(thrown),
        }
    }
}
