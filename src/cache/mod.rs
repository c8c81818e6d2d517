//! What is remembered: MSAL's token cache, as an indexed store over the JSON blob that plugins keep.
//!
//! Pure, as the floor below: a store is told what to remember and asked what it knows; when it is read and written is for
//! the flows to say. Entities are matched on their fields, never on their keys, so that what MSAL Node 2 and 7, MSAL Python and
//! the Azure CLI wrote is found; whatever is not understood stays in the blob as it is.

pub mod scan;

pub mod entity;

pub mod key;

pub mod record;

pub mod store;
