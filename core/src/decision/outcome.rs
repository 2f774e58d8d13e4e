use core::fmt;

/// A closed set of names: one word each, the same in every language, in logs and in metric labels.
macro_rules! names {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$variant_doc])* $variant,)+ }

        impl $name {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The name, in snake case.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}
pub(crate) use names;

names! {
    /// The method of the gate that was called.
    Flow {
        /// A signed event of a call.
        CallEvent = "call_event",
        /// A browser's statement of consent.
        SyncSession = "sync_session",
        /// A sale that came of a call.
        ConfirmSale = "confirm_sale",
        /// A person to be forgotten.
        Erase = "erase",
        /// Jobs to be taken out of the queue.
        TakeConversions = "take_conversions",
        /// A job to be ended.
        FinishConversion = "finish_conversion",
        /// What is over to be dropped.
        Purge = "purge",
        /// A signed event without a person, for the host's own work.
        Admit = "admit",
        /// A signed request of a device.
        Device = "device",
    }
}

names! {
    /// What a decision comes to.
    Outcome {
        /// It happened now.
        Accepted = "accepted",
        /// It had happened before; nothing changed.
        Noop = "noop",
        /// Consent does not cover it; nothing is kept of it.
        NoConsent = "no_consent",
        /// The request cannot be granted as it is.
        Rejected = "rejected",
        /// The gate cannot decide now.
        Unavailable = "unavailable",
    }
}

names! {
    /// A step of a flow.
    Stage {
        /// Size caps and the signature.
        Signature = "signature",
        /// The content of a verified body.
        Payload = "payload",
        /// Whether the event was met before.
        Replay = "replay",
        /// Token buckets.
        RateLimit = "rate_limit",
        /// The look-up of the session.
        Session = "session",
        /// The judgement of the session's consent.
        Consent = "consent",
        /// The row of the call.
        Insert = "insert",
        /// Marketing consent, and the conversion's place in the queue.
        Marketing = "marketing",
        /// Site and `Origin` of a statement.
        Origin = "origin",
        /// The content of a statement.
        Statement = "statement",
        /// Writing a statement.
        Store = "store",
        /// The look-up of a call.
        Call = "call",
        /// The conversion's place in the queue.
        Enqueue = "enqueue",
        /// Forgetting.
        Erase = "erase",
        /// Leaving the queue.
        Take = "take",
        /// The end of a job.
        Finish = "finish",
        /// Dropping what is over.
        Purge = "purge",
        /// The end of the host's own work.
        Settle = "settle",
    }
}

names! {
    /// What became of a call's conversion.
    Marketing {
        /// It is in the queue.
        Enqueued = "enqueued",
        /// There was no marketing consent.
        Skipped = "skipped",
    }
}
