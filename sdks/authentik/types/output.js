"use strict";
// Types only: see output.d.ts.
