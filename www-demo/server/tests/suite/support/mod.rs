//! A server without a socket, and the people who use it.

pub mod described;
pub mod device;
pub mod dump;
pub mod mailbox;
pub mod phone;
pub mod server;

pub use device::Device;
pub use dump::Dump;
pub use phone::Phone;
pub use server::{Answer, Server};
