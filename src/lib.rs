//! Browser client for the Authsignal API.
