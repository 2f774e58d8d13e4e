use super::Record;
use crate::decision::StoreError;
use core::future::Future;

/// Where records are kept and searched. A function is one, too.
pub trait AuditTable {
    /// Keeps all of these records or none. One that is there already, by writer and sequence, stays as it is and is no
    /// error: a batch may come again, whole or in part.
    ///
    /// # Errors
    /// It cannot say that it has all of them. They come again.
    fn append(&self, records: &[Record]) -> Result<(), StoreError>;
}

/// [`AuditTable`] for tables that are waited for.
pub trait AsyncAuditTable: Sync {
    /// See [`AuditTable::append`].
    ///
    /// # Errors
    /// It cannot say that it has all of them. They come again.
    fn append(&self, records: &[Record]) -> impl Future<Output = Result<(), StoreError>> + Send;
}

impl<F> AuditTable for F
where
    F: Fn(&[Record]) -> Result<(), StoreError>,
{
    fn append(&self, records: &[Record]) -> Result<(), StoreError> {
        self(records)
    }
}
