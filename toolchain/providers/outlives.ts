/**
 * How long a stand-in stays when the engine was killed, in milliseconds: not at all. The official plugins stay for
 * minutes, and STAND_INS_OUTLIVE_ENGINE_S=seconds makes these do so, for tests of what that means.
 */
export const outlivesMs = Number(process.env["STAND_INS_OUTLIVE_ENGINE_S"] ?? 0) * 1_000;
