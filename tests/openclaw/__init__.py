"""The deep brain. The traps of OpenClaw 2026.9.6, and the tests that show nobody falls into them.

A name with `real` is in `test_real_gateway.py` and notices when the gateway changes; the others
are on its stand-in.

- What is said before a tool call does not stream, progress is in `agent` events only:
  `test_tasks` (progress_and_the_answer), real (a_tool_loop).
- The socket drops and the run goes on: `test_troubles` (a_lost_socket), real
  (only_the_socket_is_lost). While a task is being sent: `test_troubles` (while_a_task_is_sent),
  real (no_sign_of_a_session).
- After kill -9 the gateway runs the job again by itself: `test_troubles` (what_a_killed_gateway),
  real (killed_in_mid_run). It forgets keys and runs, not sessions: `test_gateway` (that_forgot).
- A steer after the end never ends: `test_tasks` (a_steer_after, a_steer_that_meets), real
  (steered_then_steered_too_late).
- A second start on a busy session is swallowed: `test_gateway` (swallowed), real (a_second_start).
  So each task has its own: `test_tasks` (several_at_once), `pipelines/test_handoff`
  (calls_at_once).
- "stop" and "/new" are commands: `test_tasks`, `test_gateway` (words_that), real (no_words_are).
- Only its own connection, or an administrator, aborts a run: `test_gateway`
  (an_earlier_connections), real (aborted_by).
- Events go to every client, others come between: `test_gateway` (the_events_of_others,
  events_that_say_nothing).
- A wrong token, none, one that may only read: `test_gateway`, `test_troubles`, real
  (wrong_token). One that starts says when to come again: `test_gateway`, `test_troubles`.
- The model's provider answers 401 and is disabled for a minute: `test_troubles`
  (a_wrong_model_key), `pipelines/test_handoff`.
- It answers 529 for 76 s, and the gateway's limit does not bound that: `test_troubles`
  (overloaded), `test_tasks` (the_clock_ends_it), `test_thinking` (overloaded),
  `pipelines/test_handoff` (overloaded), real (an_overloaded_model).
- The first run is slow: `test_gateway` (a_warm_up), `tests/test_hybrid`.
- An answer that nobody hears goes on costing: `test_thinking` (pieces_come), real (a_deep_answer).
- HTTP: a stored session comes on top of the history, 529 is a late error behind a 200, nothing is
  "No response", commands: `brain/test_models` (openclaw); the client's tools, and a request that
  is dropped: `test_standin`, real (the_products_own_model).
"""
