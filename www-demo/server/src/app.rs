//! What every handler shares, and the router that is made of the route table.

use std::error::Error;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::{Next, from_fn_with_state, map_response};
use axum::response::Response;
use axum::routing::any;
use axum::{Extension, Router};
use tokio::sync::watch;
use tower::util::MapRequest;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::cors::{AllowOrigin, CorsLayer};
use tower_http::services::ServeDir;
use tower_http::set_header::SetResponseHeaderLayer;
use url::Url;

use crate::ceremony::Ceremonies;
use crate::changes::Changes;
use crate::clock::Clock;
use crate::config::Config;
use crate::control::{self, Control};
use crate::error::{ApiError, ApiResult, as_triple};
use crate::mail::Mailer;
use crate::operations::{self, Metrics};
use crate::random::Random;
use crate::routes::body::LargestBody;
use crate::routes::{self, guard};
use crate::store::Store;
use crate::token::Tokens;
use crate::webhook::Webhooks;

/// The largest body that is read, in bytes, unless the row of its route says otherwise.
pub const LARGEST_BODY: usize = 256 * 1024;

/// Where sockets are opened.
pub const SOCKET: &str = "/ws-v1-challenge";

/// What every handler shares.
#[derive(Clone)]
pub struct App(Arc<Shared>);

/// See [`App`].
pub struct Shared {
    /// What the operator decides.
    pub config: Config,
    /// The data.
    pub store: Store,
    /// The time.
    pub clock: Clock,
    /// Ids, codes and keys.
    pub random: Random,
    /// The tenant's tokens.
    pub tokens: Tokens,
    /// WebAuthn.
    pub ceremonies: Ceremonies,
    /// The tester's.
    pub control: Control,
    /// Events for the backend.
    pub webhooks: Webhooks,
    /// The mail server, if there is one.
    pub mailer: Option<Mailer>,
    /// What the operator watches.
    pub metrics: Metrics,
    /// Challenges that have come further: sockets wait for them.
    pub changes: Changes,
    /// Whether the server is about to end.
    ending: watch::Sender<bool>,
    /// How many sockets are open.
    sockets: watch::Sender<usize>,
}

/// A socket that is open for as long as this is kept: connections know nothing of theirs that have become one.
pub struct OpenSocket(App);

impl Drop for OpenSocket {
    fn drop(&mut self) {
        self.0.sockets.send_modify(|open| *open -= 1);
    }
}

impl std::ops::Deref for App {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl App {
    /// Puts the parts together.
    pub fn new(config: Config, store: Store, random: Random) -> Result<Self, Box<dyn Error>> {
        let tokens = match &config.token_key {
            Some(key) => Tokens::with_key(key, &config.api(), &config.tenant_id),
            None => Tokens::new(&config.secret, &config.api(), &config.tenant_id),
        };
        let origins = config.passkey_origins().into_iter().map(Url::parse).collect::<Result<_, _>>()?;
        let framing = config.clone();
        let may_frame = Box::new(move |origin: &str| framing.allows_origin(origin));
        let ceremonies = Ceremonies::new(&config.rp_id, &config.rp_name, origins, config.is_local, may_frame);
        let (ending, _) = watch::channel(false);
        let (sockets, _) = watch::channel(0);
        let shared = Shared {
            tokens,
            ceremonies,
            changes: Changes::default(),
            ending,
            sockets,
            store,
            random,
            clock: Clock::default(),
            control: Control::default(),
            webhooks: Webhooks::new(config.webhook.as_deref())?,
            mailer: config.smtp.as_ref().map(|smtp| Mailer::new(smtp, &config.rp_name)).transpose()?,
            metrics: Metrics::default(),
            config,
        };
        Ok(Self(Arc::new(shared)))
    }

    /// Tells sockets that the server is about to end.
    pub fn end(&self) {
        self.ending.send_replace(true);
    }

    /// Whether the server is about to end.
    pub fn is_ending(&self) -> bool {
        *self.ending.borrow()
    }

    /// Waits until the server is about to end.
    pub async fn ended(&self) {
        // An error means that the sender is gone, which is the end as well.
        let _ = self.ending.subscribe().wait_for(|is_ending| *is_ending).await;
    }

    /// One more socket is open. To be asked for before its connection is left to it.
    pub fn open_socket(&self) -> OpenSocket {
        self.sockets.send_modify(|open| *open += 1);
        OpenSocket(self.clone())
    }

    /// Waits until no socket is open.
    pub async fn sockets_closed(&self) {
        let _ = self.sockets.subscribe().wait_for(|open| *open == 0).await;
    }

    /// The whole server, as a service that needs no socket.
    pub fn router(&self) -> Router {
        let mut router = Router::new();
        for route in routes::table().into_iter().filter(|route| self.config.is_local || !route.is_local()) {
            let guarded = route.handler.route_layer(from_fn_with_state((self.clone(), route.need), guard::check));
            let guarded = guarded.layer(Extension(LargestBody(route.largest_body)));
            router = router.route(route.path, guarded);
        }
        router = router.route("/v1/{*path}", any(no_such_path)).route("/local/{*path}", any(no_such_path));
        if let Some(pkg) = &self.config.pkg {
            router = router.nest_service("/pkg", ServeDir::new(pkg));
        }
        router = match &self.config.site {
            // The demo's page is at the root, and its backend is not there.
            Some(site) => {
                router.fallback_service(ServeDir::new(site).append_index_html_on_directories(self.config.is_local))
            }
            None => router.fallback(no_such_path),
        };
        let router = router
            .with_state(self.clone())
            // Pages, packages and answers change with the next build or call: nothing here is worth keeping.
            .layer(SetResponseHeaderLayer::if_not_present(header::CACHE_CONTROL, HeaderValue::from_static("no-store")))
            .layer(SetResponseHeaderLayer::overriding(
                header::X_CONTENT_TYPE_OPTIONS,
                HeaderValue::from_static("nosniff"),
            ))
            .layer(CatchPanicLayer::new())
            .layer(map_response(as_triple))
            .layer(from_fn_with_state(self.clone(), wake))
            .layer(from_fn_with_state(self.clone(), control::watch))
            .layer(from_fn_with_state(self.clone(), guard::check_host))
            .layer(from_fn_with_state(self.clone(), operations::observe))
            // Outermost, so that a page can read why it was refused.
            .layer(self.cors());
        // Before routing, which knows no pattern for the end of a path.
        Router::new().fallback_service(MapRequest::new(router, with_socket_at_root))
    }

    fn cors(&self) -> CorsLayer {
        let app = self.clone();
        CorsLayer::new()
            .allow_origin(AllowOrigin::predicate(move |origin, _| {
                origin.to_str().is_ok_and(|origin| app.config.allows_origin(origin))
            }))
            .allow_credentials(true)
            .allow_methods([Method::GET, Method::POST, Method::PATCH, Method::DELETE])
            .allow_headers([
                header::AUTHORIZATION,
                header::CONTENT_TYPE,
                HeaderName::from_static("x-authsignal-sdk"),
                HeaderName::from_static("x-authsignal-version"),
                HeaderName::from_static("x-authsignal-tenant-id"),
                HeaderName::from_static("x-authsignal-signature"),
            ])
            .expose_headers([header::RETRY_AFTER])
    }
}

/// SDKs derive the socket's address from the base URL by replacing words, and end up at different paths.
fn with_socket_at_root(mut request: Request) -> Request {
    let path = request.uri().path();
    if path.ends_with(SOCKET) && path != SOCKET {
        *request.uri_mut() = Uri::from_static(SOCKET);
    }
    request
}

/// What an answered request has stored is sent now.
async fn wake(State(app): State<App>, request: Request, next: Next) -> Response {
    let is_reading = request.method() == Method::GET;
    let response = next.run(request).await;
    if !is_reading {
        app.webhooks.wake();
    }
    response
}

async fn no_such_path() -> ApiResult<StatusCode> {
    Err(ApiError::not_found("There is no such path here."))
}
