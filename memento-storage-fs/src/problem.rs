//! What goes wrong with a database, and whether it is broken by it.

use memento::ErrorKind;
use rusqlite::{Error as SqlError, ErrorCode};

/// Why something could not be done.
pub(crate) enum Problem {
    /// The database is none, or broken. It has to be moved aside.
    Damaged(String),
    /// Anything else; the database stays.
    Other(ErrorKind, String),
}

impl Problem {
    pub(crate) fn newer(found: i64, known: i64) -> Self {
        let message = format!("its schema has version {found}, this release knows {known}");
        Self::Other(ErrorKind::NewerFormat, message)
    }
}

impl From<SqlError> for Problem {
    fn from(error: SqlError) -> Self {
        let is_damage = match &error {
            SqlError::SqliteFailure(failure, _) => match failure.code {
                // No statement of ours breaks a constraint of a database that is whole.
                ErrorCode::NotADatabase
                | ErrorCode::DatabaseCorrupt
                | ErrorCode::ConstraintViolation => true,
                ErrorCode::SystemIoFailure => {
                    failure.extended_code == rusqlite::ffi::SQLITE_IOERR_SHORT_READ
                }
                _ => false,
            },
            // What is there is not what was put.
            SqlError::FromSqlConversionFailure(..)
            | SqlError::IntegralValueOutOfRange(..)
            | SqlError::InvalidColumnType(..)
            | SqlError::QueryReturnedNoRows => true,
            _ => false,
        };
        if is_damage {
            Self::Damaged(error.to_string())
        } else {
            Self::Other(ErrorKind::Storage, error.to_string())
        }
    }
}

impl From<std::io::Error> for Problem {
    fn from(error: std::io::Error) -> Self {
        Self::Other(ErrorKind::Storage, error.to_string())
    }
}
