//! Where users come from: the browsers and apps that clients name by a `deviceId`.

use super::{Row, Tx, values};
use crate::domain::Millis;
use crate::domain::method::Method;

/// A browser or an app of a user's.
#[derive(Clone, Debug)]
pub struct Device {
    /// The client's id of it.
    pub device_id: String,
    /// When it was first seen.
    pub created_at: Millis,
    /// When a challenge was last met on it.
    pub authenticated_at: Option<Millis>,
    /// By which method that was.
    pub last_verification_method: Option<Method>,
    /// When the backend said that it is not to be trusted.
    pub invalidated_at: Option<Millis>,
    /// Until when the backend wants it remembered.
    pub remembered_until: Option<Millis>,
}

impl Device {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        Ok(Self {
            device_id: row.text("device_id")?,
            created_at: row.int("created_at")?,
            authenticated_at: row.maybe_int("authenticated_at")?,
            last_verification_method: row.maybe_text("last_verification_method")?.as_deref().and_then(Method::named),
            invalidated_at: row.maybe_int("invalidated_at")?,
            remembered_until: row.maybe_int("remembered_until")?,
        })
    }
}

impl Tx {
    /// A user's devices, oldest first.
    pub async fn devices(&mut self, user_key: &str) -> Result<Vec<Device>, sqlx::Error> {
        let rows = self
            .all("SELECT * FROM devices WHERE user_key = $1 ORDER BY created_at, device_id", values![user_key])
            .await?;
        rows.iter().map(Device::from_row).collect()
    }

    /// A user's device of this id.
    pub async fn device(&mut self, user_key: &str, device_id: &str) -> Result<Option<Device>, sqlx::Error> {
        let row = self
            .one("SELECT * FROM devices WHERE user_key = $1 AND device_id = $2", values![user_key, device_id])
            .await?;
        row.as_ref().map(Device::from_row).transpose()
    }

    /// The user comes from this device.
    pub async fn see_device(&mut self, user_key: &str, device_id: &str, now: Millis) -> Result<(), sqlx::Error> {
        self.run(
            "INSERT INTO devices (user_key, device_id, created_at) VALUES ($1, $2, $3) \
             ON CONFLICT (user_key, device_id) DO NOTHING",
            values![user_key, device_id, now],
        )
        .await?;
        Ok(())
    }

    /// A challenge was met on this device.
    pub async fn device_authenticated(
        &mut self,
        user_key: &str,
        device_id: &str,
        method: Method,
        now: Millis,
    ) -> Result<(), sqlx::Error> {
        self.see_device(user_key, device_id, now).await?;
        self.run(
            "UPDATE devices SET authenticated_at = $3, last_verification_method = $4 \
             WHERE user_key = $1 AND device_id = $2",
            values![user_key, device_id, now, method.name()],
        )
        .await?;
        Ok(())
    }

    /// What the backend says of a device.
    pub async fn save_device(&mut self, user_key: &str, device: &Device) -> Result<(), sqlx::Error> {
        self.run(
            "UPDATE devices SET invalidated_at = $3, remembered_until = $4 WHERE user_key = $1 AND device_id = $2",
            values![user_key, &device.device_id, device.invalidated_at, device.remembered_until],
        )
        .await?;
        Ok(())
    }
}
