//! Law 11: what the disk does is counted, and changes nothing else.

use super::*;
