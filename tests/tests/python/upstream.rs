//! Whose tests are ported: every definition by its name, for how many executors it runs there, and what it can mean
//! here.

use Executors::{One, Several};
use Mark::{Adapted, AsItIs, PythonOnly};

/// The definitions of one class, or of a package that runs its tests for one executor only.
pub(crate) struct Suite {
    pub(crate) class: &'static str,
    pub(crate) executors: Executors,
    pub(crate) tests: &'static [(Mark, &'static str)],
}

/// What a class runs for, ways to start a process not counted: here there is one.
#[derive(Clone, Copy)]
pub(crate) enum Executors {
    One,
    Several,
}

/// What a definition can mean for a pool that is not Python's.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Mark {
    /// Nearly the same.
    AsItIs,
    /// Something alike.
    Adapted,
    /// Nothing.
    PythonOnly,
}

/// The suite of CPython 3.15: 155 definitions, each once, whatever it runs for.
pub(crate) const CPYTHON: [Suite; 16] = [
    Suite {
        class: "ExecutorTest",
        executors: Several,
        tests: &[
            (AsItIs, "test_submit"),
            (Adapted, "test_submit_keyword"),
            (AsItIs, "test_map"),
            (AsItIs, "test_map_exception"),
            (AsItIs, "test_map_timeout"),
            (PythonOnly, "test_map_buffersize_type_validation"),
            (Adapted, "test_map_buffersize_value_validation"),
            (AsItIs, "test_map_buffersize"),
            (AsItIs, "test_map_buffersize_on_multiple_iterables"),
            (AsItIs, "test_map_buffersize_on_infinite_iterable"),
            (AsItIs, "test_map_buffersize_on_multiple_infinite_iterables"),
            (AsItIs, "test_map_buffersize_on_empty_iterable"),
            (PythonOnly, "test_map_buffersize_without_iterable"),
            (AsItIs, "test_map_buffersize_when_buffer_is_full"),
            (AsItIs, "test_shutdown_race_issue12456"),
            (AsItIs, "test_no_stale_references"),
            (AsItIs, "test_max_workers_negative"),
            (AsItIs, "test_free_reference"),
            (Adapted, "test_swallows_falsey_exceptions"),
        ],
    },
    Suite {
        class: "AsCompletedTests",
        executors: Several,
        tests: &[
            (AsItIs, "test_no_timeout"),
            (AsItIs, "test_future_times_out"),
            (AsItIs, "test_duplicate_futures"),
            (AsItIs, "test_free_reference_yielded_future"),
            (AsItIs, "test_correct_timeout_exception_msg"),
        ],
    },
    Suite {
        class: "WaitTests",
        executors: Several,
        tests: &[
            (AsItIs, "test_20369"),
            (Adapted, "test_first_completed"),
            (AsItIs, "test_first_completed_some_already_completed"),
            (AsItIs, "test_first_exception"),
            (Adapted, "test_first_exception_some_already_complete"),
            (AsItIs, "test_first_exception_one_already_failed"),
            (AsItIs, "test_all_completed"),
            (AsItIs, "test_timeout"),
        ],
    },
    Suite { class: "ThreadPoolWaitTests", executors: One, tests: &[(AsItIs, "test_pending_calls_race")] },
    Suite {
        class: "ExecutorDeadlockTest",
        executors: One,
        tests: &[
            (AsItIs, "test_error_at_task_pickle"),
            (Adapted, "test_exit_at_task_unpickle"),
            (Adapted, "test_error_at_task_unpickle"),
            (AsItIs, "test_crash_at_task_unpickle"),
            (AsItIs, "test_crash_during_func_exec_on_worker"),
            (Adapted, "test_exit_during_func_exec_on_worker"),
            (AsItIs, "test_error_during_func_exec_on_worker"),
            (AsItIs, "test_crash_during_result_pickle_on_worker"),
            (Adapted, "test_exit_during_result_pickle_on_worker"),
            (AsItIs, "test_error_during_result_pickle_on_worker"),
            (Adapted, "test_error_during_result_unpickle_in_result_handler"),
            (Adapted, "test_exit_during_result_unpickle_in_result_handler"),
            (AsItIs, "test_shutdown_deadlock"),
            (AsItIs, "test_shutdown_deadlock_pickle"),
            (AsItIs, "test_crash_big_data"),
            (AsItIs, "test_gh105829_should_not_deadlock_if_wakeup_pipe_full"),
        ],
    },
    Suite {
        class: "FutureTests",
        executors: One,
        tests: &[
            (AsItIs, "test_done_callback_with_result"),
            (AsItIs, "test_done_callback_with_exception"),
            (AsItIs, "test_done_callback_with_cancel"),
            (AsItIs, "test_done_callback_raises"),
            (AsItIs, "test_done_callback_already_successful"),
            (AsItIs, "test_done_callback_already_failed"),
            (AsItIs, "test_done_callback_already_cancelled"),
            (AsItIs, "test_done_callback_raises_already_succeeded"),
            (Adapted, "test_repr"),
            (AsItIs, "test_cancel"),
            (AsItIs, "test_cancelled"),
            (AsItIs, "test_done"),
            (AsItIs, "test_running"),
            (AsItIs, "test_result_with_timeout"),
            (AsItIs, "test_result_with_success"),
            (AsItIs, "test_result_with_cancel"),
            (AsItIs, "test_exception_with_timeout"),
            (AsItIs, "test_exception_with_success"),
            (Adapted, "test_multiple_set_result"),
            (Adapted, "test_multiple_set_exception"),
            (AsItIs, "test_get_snapshot"),
        ],
    },
    Suite { class: "InitializerMixin", executors: Several, tests: &[(AsItIs, "test_initializer")] },
    Suite { class: "FailingInitializerMixin", executors: Several, tests: &[(AsItIs, "test_initializer")] },
    Suite {
        class: "FailingInitializerResourcesTest",
        executors: One,
        tests: &[(Adapted, "test_spawn"), (PythonOnly, "test_forkserver")],
    },
    Suite {
        class: "ThreadPoolExecutorTest",
        executors: One,
        tests: &[
            (Adapted, "test_map_submits_without_iteration"),
            (Adapted, "test_default_workers"),
            (AsItIs, "test_saturation"),
            (AsItIs, "test_idle_thread_reuse"),
            (PythonOnly, "test_hang_global_shutdown_lock"),
            (PythonOnly, "test_process_fork_from_a_threadpool"),
            (AsItIs, "test_executor_map_current_future_cancel"),
        ],
    },
    Suite {
        class: "ExecutorShutdownTest",
        executors: Several,
        tests: &[
            (AsItIs, "test_run_after_shutdown"),
            (Adapted, "test_interpreter_shutdown"),
            (Adapted, "test_submit_after_interpreter_shutdown"),
            (AsItIs, "test_hang_issue12364"),
            (AsItIs, "test_cancel_futures"),
            (Adapted, "test_hang_gh83386"),
            (AsItIs, "test_hang_gh94440"),
        ],
    },
    Suite {
        class: "ThreadPoolShutdownTest",
        executors: One,
        tests: &[
            (AsItIs, "test_threads_terminate"),
            (AsItIs, "test_context_manager_shutdown"),
            (AsItIs, "test_del_shutdown"),
            (AsItIs, "test_shutdown_no_wait"),
            (AsItIs, "test_thread_names_assigned"),
            (AsItIs, "test_thread_names_default"),
            (Adapted, "test_cancel_futures_wait_false"),
        ],
    },
    Suite {
        class: "ProcessPoolShutdownTest",
        executors: One,
        tests: &[
            (AsItIs, "test_processes_terminate"),
            (AsItIs, "test_context_manager_shutdown"),
            (AsItIs, "test_del_shutdown"),
            (AsItIs, "test_shutdown_no_wait"),
            (AsItIs, "test_shutdown_gh_132969_case_1"),
            (AsItIs, "test_shutdown_gh_132969_case_2"),
        ],
    },
    Suite {
        class: "ProcessPoolExecutorTest",
        executors: One,
        tests: &[
            (PythonOnly, "test_max_workers_too_large"),
            (Adapted, "test_killed_child"),
            (Adapted, "test_broken_process_pool_traceback"),
            (AsItIs, "test_map_chunksize"),
            (AsItIs, "test_traceback"),
            (AsItIs, "test_traceback_when_child_process_terminates_abruptly"),
            (AsItIs, "test_ressources_gced_in_workers"),
            (AsItIs, "test_saturation"),
            (AsItIs, "test_idle_process_reuse_one"),
            (AsItIs, "test_idle_process_reuse_multiple"),
            (AsItIs, "test_max_tasks_per_child"),
            (PythonOnly, "test_max_tasks_per_child_defaults_to_spawn_context"),
            (AsItIs, "test_max_tasks_per_child_pending_tasks_gh115634"),
            (Adapted, "test_shutdown_no_wait_max_tasks_gh119592"),
            (Adapted, "test_gc_during_max_tasks_worker_exit_gh152967"),
            (AsItIs, "test_force_shutdown_during_max_tasks_worker_exit"),
            (AsItIs, "test_failed_worker_replacement_breaks_pool"),
            (AsItIs, "test_max_tasks_early_shutdown"),
            (Adapted, "test_python_finalization_error"),
            (Adapted, "test_terminate_workers"),
            (Adapted, "test_kill_workers"),
            (PythonOnly, "test_force_shutdown_workers_invalid_op"),
            (AsItIs, "test_force_shutdown_workers"),
            (AsItIs, "test_force_shutdown_workers_dead_workers"),
            (AsItIs, "test_force_shutdown_workers_not_started_yet"),
            (AsItIs, "test_force_shutdown_workers_stops_pool"),
        ],
    },
    Suite {
        class: "InterpreterPoolExecutorTest",
        executors: One,
        tests: &[
            (PythonOnly, "test_init_script"),
            (PythonOnly, "test_init_script_args"),
            (AsItIs, "test_init_func"),
            (Adapted, "test_init_with___main___global"),
            (Adapted, "test_init_closure"),
            (PythonOnly, "test_init_instance_method"),
            (PythonOnly, "test_init_exception_in_script"),
            (AsItIs, "test_init_exception_in_func"),
            (PythonOnly, "test_submit_script"),
            (Adapted, "test_submit_closure"),
            (PythonOnly, "test_submit_local_instance"),
            (PythonOnly, "test_submit_instance_method"),
            (Adapted, "test_submit_func_globals"),
            (PythonOnly, "test_submit_exception_in_script"),
            (AsItIs, "test_submit_exception_in_func"),
            (AsItIs, "test_saturation"),
            (AsItIs, "test_blocking"),
            (AsItIs, "test_blocking_with_limited_workers"),
            (AsItIs, "test_idle_thread_reuse"),
            (AsItIs, "test_pickle_errors_propagate"),
            (PythonOnly, "test_no_stale_references"),
            (PythonOnly, "test_free_reference"),
            (PythonOnly, "test_import_interpreter_pool_executor"),
            (Adapted, "test_thread_name_prefix"),
            (AsItIs, "test_thread_name_prefix_with_thread_get_name"),
        ],
    },
    Suite {
        class: "AsyncioTest",
        executors: One,
        tests: &[
            (Adapted, "test_run_in_executor"),
            (Adapted, "test_run_in_executor_cancel"),
            (PythonOnly, "test_default_executor"),
        ],
    },
];

/// What of loky's and pebble's suites is ours, too.
pub(crate) const OTHERS: [Suite; 2] = [
    Suite {
        class: "loky",
        executors: One,
        tests: &[
            (AsItIs, "test_crash_races"),
            (AsItIs, "test_queue_full_deadlock"),
            (AsItIs, "test_sigkill_shutdown_leaks_workers"),
            (AsItIs, "test_in_callback_submit_with_crash"),
            (AsItIs, "test_worker_timeout_with_slowly_pickling_objects"),
            (AsItIs, "test_max_depth"),
            (AsItIs, "test_exited_child"),
        ],
    },
    Suite {
        class: "pebble",
        executors: One,
        tests: &[
            (AsItIs, "test_pool_deadlock"),
            (AsItIs, "test_pool_deadlock_stop"),
            (AsItIs, "test_pool_deadlock_stop_cancel"),
            (AsItIs, "test_process_pool_exception_isolated"),
            (AsItIs, "test_process_pool_ignoring_sigterm"),
            (AsItIs, "test_process_pool_map_timeout_chunks"),
            (AsItIs, "test_process_pool_stop_large_data"),
        ],
    },
];

#[test]
fn no_definition_is_forgotten() {
    let count = |suites: &[Suite]| {
        let marks: Vec<Mark> = suites.iter().flat_map(|suite| suite.tests.iter().map(|&(mark, _)| mark)).collect();
        [AsItIs, Adapted, PythonOnly].map(|counted| marks.iter().filter(|&&mark| mark == counted).count())
    };
    assert_eq!(count(&CPYTHON), [100, 35, 20]);
    assert_eq!(count(&OTHERS), [14, 0, 0]);
}
