/** Generated from openapi.json by `npm run types`. Do not edit. */

export interface paths {
    "/api/breakers": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Breakers
         * @description List all circuits.
         */
        get: operations["list_breakers_api_breakers_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/breakers/reset": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Reset Breaker
         * @description Close a circuit by hand; that of a provider with those of its models.
         */
        post: operations["reset_breaker_api_breakers_reset_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/breakers/trip": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Trip Breaker
         * @description Open a circuit by hand, for its usual time or for `ttl_seconds`.
         */
        post: operations["trip_breaker_api_breakers_trip_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/chaos": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Chaos
         * @description Show what is armed.
         */
        get: operations["chaos_api_chaos_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/chaos/kill-switch/{target}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Set Kill Switch
         * @description Switch a provider, a `provider/model`, a tool (`tool:server/tool`), a tier or `all` off, or on again.
         */
        put: operations["set_kill_switch_api_chaos_kill_switch__target__put"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/chat": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Chat
         * @description Ask, and wait for the finished answer.
         */
        post: operations["chat_api_chat_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/chat/stream": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Chat Stream
         * @description Ask, and follow the run in the same response. Leaving does not stop the run unless `on_disconnect=cancel`.
         */
        post: operations["chat_stream_api_chat_stream_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/incidents": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Incidents
         * @description List incidents, newest first.
         */
        get: operations["list_incidents_api_incidents_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/info": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Info
         * @description Say what this server is: its routes, its limits, whether its providers are simulated.
         */
        get: operations["info_api_info_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/metrics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Metrics Summary
         * @description Sum up what was done since the start.
         */
        get: operations["metrics_summary_api_metrics_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/providers/status": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Provider Status
         * @description Show how each provider does.
         */
        get: operations["provider_status_api_providers_status_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/requests": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Requests
         * @description List requests to the gateway that are over, newest first; `trace_id` finds those with that `X-Request-ID`.
         */
        get: operations["list_requests_api_requests_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/requests/{request_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Request
         * @description Show a request to the gateway with its receipt.
         */
        get: operations["get_request_api_requests__request_id__get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/routes/{name}/explain": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Explain Route
         * @description Show the plan that a request on this route would follow now, without calling anybody.
         */
        get: operations["explain_route_api_routes__name__explain_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/runs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Runs
         * @description List runs, newest first.
         */
        get: operations["list_runs_api_runs_get"];
        put?: never;
        /**
         * Ask
         * @description Store a question and start to answer it; the answer is in the run's events.
         */
        post: operations["ask_api_runs_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/runs/{run_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Run
         * @description Show a run with its receipt.
         */
        get: operations["get_run_api_runs__run_id__get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/runs/{run_id}/cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Cancel
         * @description Stop a run; its partial text is kept. A run that has ended stays as it is.
         */
        post: operations["cancel_api_runs__run_id__cancel_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/runs/{run_id}/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Follow
         * @description Follow a run's events from the start, or after `Last-Event-ID` or `?after=`; ends after the terminal event.
         *
         *     204 tells a reader that has all of a finished run to stop coming back, as browsers would for ever.
         */
        get: operations["follow_api_runs__run_id__events_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/threads": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Threads
         * @description List threads, last used first; `query` finds words in titles and messages.
         */
        get: operations["list_threads_api_threads_get"];
        put?: never;
        /**
         * Create Thread
         * @description Open an empty thread.
         */
        post: operations["create_thread_api_threads_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/threads/{thread_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Thread
         * @description Show a thread.
         */
        get: operations["get_thread_api_threads__thread_id__get"];
        put?: never;
        post?: never;
        /**
         * Delete Thread
         * @description Delete a thread with its messages and runs; refused while one of its runs is active.
         */
        delete: operations["delete_thread_api_threads__thread_id__delete"];
        options?: never;
        head?: never;
        /**
         * Change Thread
         * @description Rename or archive a thread.
         */
        patch: operations["change_thread_api_threads__thread_id__patch"];
        trace?: never;
    };
    "/api/threads/{thread_id}/export": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Export Thread
         * @description Download a thread.
         */
        get: operations["export_thread_api_threads__thread_id__export_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/threads/{thread_id}/messages": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Messages
         * @description List all messages of a thread; answers carry their run.
         */
        get: operations["list_messages_api_threads__thread_id__messages_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tools": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Tools
         * @description Show all tool servers, their tools, and the capabilities that are made of them.
         */
        get: operations["tools_api_tools_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tools/{server}/{tool}/approve": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Approve
         * @description Trust a tool as it is now: one that has changed, or that its server has added.
         */
        post: operations["approve_api_tools__server___tool__approve_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tools/{server}/reconnect": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Reconnect
         * @description Open a new session with a tool server now, in every process; calls in flight on the old ones fail.
         */
        post: operations["reconnect_api_tools__server__reconnect_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tools/calls": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Calls
         * @description List tool calls, newest first, those of a run when it has ended; by a tool that was asked, not only answered.
         */
        get: operations["list_calls_api_tools_calls_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/health": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Health
         * @description Say how the whole and each dependency is; 503 if it cannot do its work.
         */
        get: operations["health_health_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/health/live": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Live
         * @description Say that the process answers.
         */
        get: operations["live_health_live_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/health/ready": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Ready
         * @description Say whether traffic may be sent here; 503 if not, also while the server is about to stop.
         */
        get: operations["ready_health_ready_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/metrics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Metrics
         * @description Give every metric in Prometheus' text format, or the summary to who accepts JSON.
         */
        get: operations["metrics_metrics_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/chat/completions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Answer a conversation, over as many targets as it takes */
        post: {
            parameters: {
                query?: never;
                header?: {
                    /** @description Sent again with the same body, the first answer comes again. */
                    "Idempotency-Key"?: string;
                    /** @description What happens when a stream breaks. */
                    "X-Sentinel-Midstream"?: "continue" | "restart" | "error";
                    /** @description The route, whatever `model` says. */
                    "X-Sentinel-Route"?: string;
                    /** @description How long the whole request may take. */
                    "X-Sentinel-Timeout-Seconds"?: number;
                };
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["CompletionBody"];
                };
            };
            responses: {
                /** @description The serving target's own answer */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": Record<string, never>;
                        "text/event-stream": unknown;
                    };
                };
                /** @description An error in OpenAI's shape */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["OpenAIErrorBody"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/embeddings": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Embed texts */
        post: {
            parameters: {
                query?: never;
                header?: {
                    /** @description Sent again with the same body, the first answer comes again. */
                    "Idempotency-Key"?: string;
                    /** @description What happens when a stream breaks. */
                    "X-Sentinel-Midstream"?: "continue" | "restart" | "error";
                    /** @description The route, whatever `model` says. */
                    "X-Sentinel-Route"?: string;
                    /** @description How long the whole request may take. */
                    "X-Sentinel-Timeout-Seconds"?: number;
                };
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["EmbeddingsBody"];
                };
            };
            responses: {
                /** @description The serving target's own answer */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": Record<string, never>;
                    };
                };
                /** @description An error in OpenAI's shape */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["OpenAIErrorBody"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/models": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List routes and models */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The serving target's own answer */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ServedModels"];
                    };
                };
                /** @description An error in OpenAI's shape */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["OpenAIErrorBody"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/models/{model}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Show one route or model */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    model: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The serving target's own answer */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ServedModel"];
                    };
                };
                /** @description An error in OpenAI's shape */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["OpenAIErrorBody"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /**
         * ApprovalRequest
         * @description Approve a tool; with the `digest` that was looked at, only if the tool is still that.
         */
        ApprovalRequest: {
            /** Digest */
            digest?: string | null;
        };
        /**
         * AttemptView
         * @description One line of the receipt: a target that was called, or passed over (`skipped`).
         */
        AttemptView: {
            /** Attempt */
            attempt: number;
            /** Breaker State */
            breaker_state: ("closed" | "open" | "half_open") | null;
            /** Cause */
            cause: string | null;
            /**
             * Class
             * @enum {string}
             */
            class: "success" | "failure" | "neutral" | "throttle" | "latch" | "quality";
            /** Cost Usd */
            cost_usd: number | null;
            /** Detail */
            detail: string | null;
            /** Duration Ms */
            duration_ms: number;
            /**
             * Ended At
             * Format: date-time
             */
            ended_at: string;
            /** Final */
            final: boolean;
            /**
             * Hedge
             * @description Sent while the attempt before it was under way and silent.
             */
            hedge: boolean;
            /** Model */
            model: string;
            /** Provider */
            provider: string;
            /** Skipped */
            skipped: boolean;
            /** Skipped Frames */
            skipped_frames: number;
            /** Splice Offset */
            splice_offset: number | null;
            /**
             * Started At
             * Format: date-time
             */
            started_at: string;
            /** Status Code */
            status_code: number | null;
            /** Ttft Ms */
            ttft_ms: number | null;
            usage: components["schemas"]["UsageView"] | null;
        };
        /**
         * BreakerList
         * @description All circuits.
         */
        BreakerList: {
            /** Items */
            items: components["schemas"]["BreakerView"][];
        };
        /**
         * BreakerRequest
         * @description Trip or reset the circuit `key` (`provider:NAME`, `model:NAME/MODEL`, `tool:SERVER/TOOL`).
         */
        BreakerRequest: {
            /** Key */
            key: string;
            /** Reason */
            reason?: string | null;
            /** Ttl Seconds */
            ttl_seconds?: number | null;
        };
        /**
         * BreakerView
         * @description A circuit.
         */
        BreakerView: {
            /** Consecutive Failures */
            consecutive_failures: number;
            /** Failures */
            failures: number;
            /** Key */
            key: string;
            /** Opened At */
            opened_at: string | null;
            override: components["schemas"]["OverrideView"] | null;
            /** Reason */
            reason: string | null;
            /** Retry At */
            retry_at: string | null;
            /**
             * Rule
             * @description Why it opened: a rule of its own, `manual`, or `shared`: what other processes found.
             */
            rule: string | null;
            /**
             * State
             * @enum {string}
             */
            state: "closed" | "open" | "half_open";
            /** Successes */
            successes: number;
        };
        /**
         * CapabilitiesView
         * @description What a target is declared to be able to do.
         */
        CapabilitiesView: {
            /** Context Tokens */
            context_tokens: number | null;
            /** Larger Context */
            larger_context: string | null;
            /** Prefill */
            prefill: boolean;
        };
        /**
         * CapabilityMemberView
         * @description One tool of a capability; `problem` says why it cannot stand in, `obstacle` what keeps calls from it now.
         */
        CapabilityMemberView: {
            /**
             * Answers
             * @description A call would go to it first now.
             */
            answers: boolean;
            /** Is Usable */
            is_usable: boolean;
            /** Obstacle */
            obstacle: string | null;
            /** Problem */
            problem: string | null;
            /** Server */
            server: string;
            /** Tool */
            tool: string;
        };
        /**
         * CapabilityView
         * @description A job that equivalent tools can do; `refusal` says why it is not offered at all.
         */
        CapabilityView: {
            /** Description */
            description: string;
            /** Effect */
            effect: ("read_only" | "idempotent" | "mutating") | null;
            /** Is Offered */
            is_offered: boolean;
            /** Members */
            members: components["schemas"]["CapabilityMemberView"][];
            /** Name */
            name: string;
            /** Refusal */
            refusal: string | null;
        };
        /**
         * ChaosView
         * @description What is armed.
         */
        ChaosView: {
            /** Enabled */
            enabled: boolean;
            /** Fault Kinds */
            fault_kinds: {
                [key: string]: unknown;
            }[];
            /** Faults */
            faults: {
                [key: string]: unknown;
            }[];
            /** Halted */
            halted: boolean;
            /** Kill Switches */
            kill_switches: components["schemas"]["KillSwitchView"][];
        };
        /**
         * ChatAnswer
         * @description A finished run in one response.
         */
        ChatAnswer: {
            /** Failover Chain */
            failover_chain: string[];
            /** Failover Occurred */
            failover_occurred: boolean;
            /** Latency Ms */
            latency_ms: number | null;
            /** Model */
            model: string | null;
            /** Provider Used */
            provider_used: string | null;
            /** Response Text */
            response_text: string;
            /** Run Id */
            run_id: string;
            status: components["schemas"]["RunStatus"];
            /** Thread Id */
            thread_id: string;
            /** Tokens Used */
            tokens_used: number;
            /** Trace Id */
            trace_id: string;
        };
        /**
         * ChatMessage
         * @description One turn of a conversation that the caller keeps.
         */
        ChatMessage: {
            /** Content */
            content: string;
            /**
             * Role
             * @enum {string}
             */
            role: "system" | "user" | "assistant";
        };
        /**
         * ChatRequest
         * @description A conversation that ends with the user's question.
         */
        ChatRequest: {
            /** Max Tokens */
            max_tokens?: number | null;
            /** Messages */
            messages: components["schemas"]["ChatMessage"][];
            /**
             * Route
             * @default default
             */
            route?: string;
            /** Temperature */
            temperature?: number | null;
        };
        /**
         * CheckView
         * @description How one dependency is.
         */
        CheckView: {
            /** Detail */
            detail: string | null;
            /** Latency Ms */
            latency_ms: number | null;
            /**
             * Status
             * @enum {string}
             */
            status: "healthy" | "degraded" | "unhealthy" | "off";
        };
        /**
         * CompletionBody
         * @description A chat completion request.
         */
        CompletionBody: {
            /** Messages */
            messages: components["schemas"]["CompletionMessage"][];
            /**
             * Model
             * @description A route, `provider/model`, or any other name for the route `default`.
             */
            model: string;
            /**
             * N
             * @default null
             */
            n?: number | null;
            /**
             * Response Format
             * @default null
             */
            response_format?: {
                [key: string]: unknown;
            } | null;
            /**
             * Stream
             * @default null
             */
            stream?: boolean | null;
            /**
             * Stream Options
             * @default null
             */
            stream_options?: {
                [key: string]: unknown;
            } | null;
            /**
             * Tools
             * @default null
             */
            tools?: {
                [key: string]: unknown;
            }[] | null;
        } & {
            [key: string]: unknown;
        };
        /**
         * CompletionEvent
         * @description The run has ended with an answer, or was cancelled (`finish_reason`).
         */
        CompletionEvent: {
            /**
             * At
             * Format: date-time
             */
            at: string;
            /** Attempts */
            attempts: components["schemas"]["AttemptView"][];
            /** Cost Usd */
            cost_usd: number | null;
            /** Degraded */
            degraded: boolean;
            /** Failover Chain */
            failover_chain: string[];
            /** Failover Occurred */
            failover_occurred: boolean;
            /** Finish Reason */
            finish_reason: string | null;
            /** Latency Ms */
            latency_ms: number;
            /** Message Id */
            message_id: string;
            /** Model */
            model: string | null;
            /** Provider */
            provider: string | null;
            /** Run Id */
            run_id: string;
            /** Seq */
            seq: number;
            /** Text */
            text: string;
            /** Tool Calls */
            tool_calls: components["schemas"]["ToolCallView"][];
            /** Ttft Ms */
            ttft_ms: number | null;
            usage: components["schemas"]["UsageView"];
        };
        /**
         * CompletionMessage
         * @description One turn of the conversation.
         */
        CompletionMessage: {
            /**
             * Content
             * @default null
             */
            content?: string | {
                [key: string]: unknown;
            }[] | null;
            /** Role */
            role: string;
        } & {
            [key: string]: unknown;
        };
        /**
         * CountsView
         * @description What there was, by status, outcome, class, type or state.
         */
        CountsView: {
            /** Attempts */
            attempts: {
                [key: string]: number;
            };
            /**
             * Circuits
             * @description How many are in each state now.
             */
            circuits: {
                [key: string]: number;
            };
            /** Gateway Requests */
            gateway_requests: {
                [key: string]: number;
            };
            /** Incidents */
            incidents: {
                [key: string]: number;
            };
            /** Runs */
            runs: {
                [key: string]: number;
            };
            /** Tool Calls */
            tool_calls: {
                [key: string]: number;
            };
            /**
             * Tool Servers
             * @description How many are in each state now.
             */
            tool_servers: {
                [key: string]: number;
            };
        };
        /**
         * DeadlinesView
         * @description Time limits in seconds.
         */
        DeadlinesView: {
            /** Connect Seconds */
            connect_seconds: number;
            /** First Token Seconds */
            first_token_seconds: number;
            /** Stall Seconds */
            stall_seconds: number;
            /** Total Seconds */
            total_seconds: number;
        };
        /**
         * EmbeddingsBody
         * @description An embeddings request.
         */
        EmbeddingsBody: {
            /** Input */
            input: string | unknown[];
            /** Model */
            model: string;
        } & {
            [key: string]: unknown;
        };
        /**
         * ErrorEvent
         * @description The run has ended without an answer; the body of a problem document.
         */
        ErrorEvent: {
            /**
             * At
             * Format: date-time
             */
            at: string;
            /** Attempts */
            attempts: components["schemas"]["AttemptView"][];
            /** Code */
            code: string;
            /** Cost Usd */
            cost_usd: number | null;
            /** Detail */
            detail: string;
            /** Partial Text */
            partial_text: string;
            /** Run Id */
            run_id: string;
            /** Seq */
            seq: number;
            /** Status */
            status: number;
            /** Title */
            title: string;
            /** Trace Id */
            trace_id: string;
            /** Type */
            type: string;
        } & {
            [key: string]: unknown;
        };
        /**
         * GatewayRequestPage
         * @description Requests, newest first.
         */
        GatewayRequestPage: {
            /** Items */
            items: components["schemas"]["GatewayRequestView"][];
            /** Next Cursor */
            next_cursor: string | null;
        };
        /**
         * GatewayRequestView
         * @description A request to `/v1` that is over, with its receipt.
         */
        GatewayRequestView: {
            /** Attempts */
            attempts: components["schemas"]["AttemptView"][];
            /**
             * Cost Usd
             * @description What they cost; null unless every target that spent some has a price.
             */
            cost_usd: number | null;
            /**
             * Ended At
             * Format: date-time
             */
            ended_at: string;
            /** Endpoint */
            endpoint: string;
            /** Error Code */
            error_code: string | null;
            /** Failover Chain */
            failover_chain: string[];
            /** Failover Occurred */
            failover_occurred: boolean;
            /** Is Stream */
            is_stream: boolean;
            /** Latency Ms */
            latency_ms: number;
            /** Model */
            model: string | null;
            outcome: components["schemas"]["RequestOutcome"];
            /** Provider */
            provider: string | null;
            /**
             * Request Id
             * @description The answer's `X-Sentinel-Request-Id`.
             */
            request_id: string;
            /** Requested Model */
            requested_model: string;
            /** Route */
            route: string;
            /**
             * Skipped Frames
             * @description Garbled frames that were left out of the answer because no other target could be asked.
             */
            skipped_frames: number;
            /**
             * Started At
             * Format: date-time
             */
            started_at: string;
            /**
             * Status Code
             * @description What the caller was answered; null if it left first.
             */
            status_code: number | null;
            /**
             * Trace Id
             * @description The answer's `X-Request-ID`, which callers may choose.
             */
            trace_id: string;
            /** Ttft Ms */
            ttft_ms: number | null;
            /** @description All tokens that were spent, failed attempts included. */
            usage: components["schemas"]["UsageView"];
        };
        /**
         * HealthView
         * @description How the whole is.
         */
        HealthView: {
            /** Checks */
            checks: {
                [key: string]: components["schemas"]["CheckView"];
            };
            /**
             * Status
             * @enum {string}
             */
            status: "healthy" | "degraded" | "unhealthy";
            /** Uptime Seconds */
            uptime_seconds: number;
        };
        /**
         * HedgePlanView
         * @description Whether a request without tools would have a hedge now: whom it asks, after how long a silence, or why not.
         */
        HedgePlanView: {
            /** After Seconds */
            after_seconds: number | null;
            /** Enabled */
            enabled: boolean;
            /** Target */
            target: string | null;
            /** Why Not */
            why_not: ("disabled" | "no_other_provider" | "max_attempts" | "pace_unknown" | "share_spent" | "retries_short" | "deadline") | null;
        };
        /**
         * IncidentPage
         * @description Incidents, newest first.
         */
        IncidentPage: {
            /** Items */
            items: components["schemas"]["IncidentView"][];
            /** Next Cursor */
            next_cursor: string | null;
        };
        /**
         * IncidentType
         * @description What happened.
         * @enum {string}
         */
        IncidentType: "outage" | "recovery" | "failover_triggered" | "breaker_opened" | "breaker_closed" | "auth_error" | "tool_isolated" | "tool_recovered" | "run_recovered" | "chaos";
        /**
         * IncidentView
         * @description Something that an operator should know of; several alike that followed each other are one with a `count`.
         */
        IncidentView: {
            /**
             * Actor
             * @description The operator, if it was one.
             */
            actor: string | null;
            /**
             * At
             * Format: date-time
             */
            at: string;
            /** Count */
            count: number;
            /** Data */
            data: {
                [key: string]: unknown;
            };
            /** Detail */
            detail: string | null;
            /** Incident Id */
            incident_id: string;
            /**
             * Key
             * @description What it is about: `provider:NAME`, `model:NAME/MODEL`, `tool:SERVER/TOOL`, `route:NAME`, `run:ID`, or the target
             *     of a kill switch.
             */
            key: string;
            /**
             * Last At
             * Format: date-time
             * @description When the last of them happened.
             */
            last_at: string;
            /** Reason */
            reason: string | null;
            /** Request Id */
            request_id: string | null;
            /** Run Id */
            run_id: string | null;
            severity: components["schemas"]["Severity"];
            /** Title */
            title: string;
            type: components["schemas"]["IncidentType"];
        };
        /**
         * InfoView
         * @description What this server is.
         */
        InfoView: {
            /** Chaos Enabled */
            chaos_enabled: boolean;
            /** Environment */
            environment: string;
            limits: components["schemas"]["LimitsView"];
            /** Routes */
            routes: components["schemas"]["RouteView"][];
            /** Simulated */
            simulated: boolean;
            /** Version */
            version: string;
        };
        /**
         * KillSwitchRequest
         * @description Switch a target off (`active`) or on; without `ttl_seconds` it stays off until it is switched on.
         */
        KillSwitchRequest: {
            /** Active */
            active: boolean;
            /** Reason */
            reason?: string | null;
            /** Ttl Seconds */
            ttl_seconds?: number | null;
        };
        /**
         * KillSwitchView
         * @description A kill switch.
         */
        KillSwitchView: {
            /** Active */
            active: boolean;
            /** Actor */
            actor: string;
            /** Expires At */
            expires_at: string | null;
            /** Reason */
            reason: string | null;
            /** Since */
            since: string | null;
            /** Target */
            target: string;
        };
        /**
         * LeftOutView
         * @description What a server lists and nobody uses: a whole tool, or only the schema of its results.
         */
        LeftOutView: {
            /**
             * Part
             * @enum {string}
             */
            part: "tool" | "output_schema";
            /** Reason */
            reason: string;
            /** Tool */
            tool: string;
        };
        /**
         * LimitsView
         * @description Limits that a caller should know.
         */
        LimitsView: {
            /** Max Input Chars */
            max_input_chars: number;
        };
        /**
         * LiveView
         * @description The process answers.
         */
        LiveView: {
            /**
             * Status
             * @default alive
             * @constant
             */
            status?: "alive";
        };
        /**
         * MessageList
         * @description All messages of a thread, in the order of creation.
         */
        MessageList: {
            /** Items */
            items: components["schemas"]["MessageView"][];
        };
        /**
         * MessageView
         * @description One message; the messages of a thread are a tree by `parent_message_id`. Answers carry their run.
         */
        MessageView: {
            /**
             * Created At
             * Format: date-time
             */
            created_at: string;
            /** Message Id */
            message_id: string;
            /** Parent Message Id */
            parent_message_id: string | null;
            role: components["schemas"]["Role"];
            run: components["schemas"]["RunView"] | null;
            /** Run Id */
            run_id: string | null;
            /** Text */
            text: string;
            /** Thread Id */
            thread_id: string;
        };
        /**
         * MetricsView
         * @description The figures since the start of the process. Requests are runs and requests to the gateway that are over.
         */
        MetricsView: {
            /**
             * Active Provider
             * @description Who would be asked now on the default route; null if nobody can be.
             */
            active_provider: string | null;
            /** Avg Latency Ms */
            avg_latency_ms: number | null;
            /**
             * Cache Hit Rate
             * @description Null: this version has no cache.
             */
            cache_hit_rate: number | null;
            counts: components["schemas"]["CountsView"];
            /**
             * Latencies Of Last
             * @description Average and percentiles are those of the last so many answers.
             */
            latencies_of_last: number;
            latency_ms: components["schemas"]["PercentilesView"];
            /**
             * Security Events
             * @description Null: this version counts none.
             */
            security_events: number | null;
            tool_call_ms: components["schemas"]["PercentilesView"];
            /** Total Cancelled */
            total_cancelled: number;
            /** Total Failovers */
            total_failovers: number;
            /** Total Failures */
            total_failures: number;
            /** Total Requests */
            total_requests: number;
            /** Total Retries */
            total_retries: number;
            /** Total Successes */
            total_successes: number;
            /**
             * Total Tool Calls
             * @description Those of runs and those through `/mcp`.
             */
            total_tool_calls: number;
            /** Total Tool Fallbacks */
            total_tool_fallbacks: number;
            ttft_ms: components["schemas"]["PercentilesView"];
            /** Uptime Seconds */
            uptime_seconds: number;
        };
        /**
         * OpenAIErrorBody
         * @description An error of the gateway.
         */
        OpenAIErrorBody: {
            error: components["schemas"]["OpenAIErrorDetail"];
        };
        /**
         * OpenAIErrorDetail
         * @description What went wrong, in OpenAI's words; `code` is from `docs/errors.md`, or the provider's own.
         */
        OpenAIErrorDetail: {
            /** Code */
            code: string | null;
            /** Message */
            message: string;
            /** Param */
            param: string | null;
            /** Type */
            type: string;
        };
        /**
         * OverrideView
         * @description What an operator holds a circuit to.
         */
        OverrideView: {
            /** Actor */
            actor: string;
            /**
             * Expires At
             * Format: date-time
             */
            expires_at: string;
            /**
             * Kind
             * @enum {string}
             */
            kind: "forced_open" | "forced_closed" | "metrics_only";
            /** Reason */
            reason: string | null;
        };
        /**
         * PercentilesView
         * @description Milliseconds; null while nothing was answered.
         */
        PercentilesView: {
            /** P50 */
            p50: number | null;
            /** P95 */
            p95: number | null;
            /** P99 */
            p99: number | null;
        };
        /**
         * Phase
         * @description What a `status` event reports.
         * @enum {string}
         */
        Phase: "queued" | "started" | "attempt_started" | "attempt_failed" | "retrying" | "failover" | "restarted" | "continued" | "breaker_opened" | "breaker_half_open" | "breaker_closed" | "tool_started" | "tool_finished" | "tool_failed" | "tool_fallback" | "tool_unavailable" | "verifying" | "plan" | "step_started" | "step_finished" | "recovered" | "draining" | "heartbeat" | "snapshot";
        /**
         * PlannedTargetView
         * @description One target of a route, and whether it may be called now.
         */
        PlannedTargetView: {
            capabilities: components["schemas"]["CapabilitiesView"];
            /** Cause */
            cause: string | null;
            /** Circuits */
            circuits: {
                [key: string]: "closed" | "open" | "half_open";
            };
            /** Concurrency Limit */
            concurrency_limit: number;
            /** In Flight */
            in_flight: number;
            /** Is Admitted */
            is_admitted: boolean;
            /** Retry After Seconds */
            retry_after_seconds: number | null;
            /** Retry Tokens */
            retry_tokens: number;
            /** Target */
            target: string;
            /**
             * Tier
             * @enum {string}
             */
            tier: "primary" | "fallback";
        };
        /**
         * PlanView
         * @description The plan that a request on a route would follow now. `chain`: the targets in the order they would be asked.
         *
         *     `panic`: what happens when all circuits are open; `is_panic`: `first` would be asked through its open circuit.
         */
        PlanView: {
            /** Chain */
            chain: string[];
            deadlines: components["schemas"]["DeadlinesView"];
            /** First */
            first: string | null;
            /** First After Seconds */
            first_after_seconds: number;
            /** Gives Up */
            gives_up: string | null;
            hedge: components["schemas"]["HedgePlanView"];
            /** Is Panic */
            is_panic: boolean;
            /** Max Attempts */
            max_attempts: number;
            /** Midstream */
            midstream: string;
            /**
             * Panic
             * @enum {string}
             */
            panic: "fail" | "probe";
            /** Policy */
            policy: string;
            /** Retry After Seconds */
            retry_after_seconds: number | null;
            /** Route */
            route: string;
            /** Same Target */
            same_target: number;
            /** Seam */
            seam: string;
            /** Targets */
            targets: components["schemas"]["PlannedTargetView"][];
        };
        /**
         * Priority
         * @description Who is served first when not all can be: somebody who waits for the answer, or a program that has time.
         * @enum {string}
         */
        Priority: "interactive" | "batch";
        /**
         * ProblemView
         * @description An error (RFC 9457); `code` is documented in `docs/errors.md`.
         */
        ProblemView: {
            /** Code */
            code: string;
            /** Detail */
            detail: string;
            /** Status */
            status: number;
            /** Title */
            title: string;
            /** Trace Id */
            trace_id: string;
            /** Type */
            type: string;
        } & {
            [key: string]: unknown;
        };
        /**
         * ProviderCircuitView
         * @description The circuit of a provider.
         */
        ProviderCircuitView: {
            /** Failures */
            failures: number;
            /**
             * Open Elsewhere
             * @description How many other processes that share circuits with this one have opened theirs.
             */
            open_elsewhere: number;
            /** Opened At */
            opened_at: string | null;
            override: components["schemas"]["OverrideView"] | null;
            /** Retry At */
            retry_at: string | null;
            /**
             * State
             * @enum {string}
             */
            state: "closed" | "open" | "half_open";
        };
        /**
         * ProviderStatusView
         * @description How a provider does; figures are of the last five minutes, of all processes that share them.
         */
        ProviderStatusView: {
            circuit_breaker: components["schemas"]["ProviderCircuitView"];
            /** Cooldown Until */
            cooldown_until: string | null;
            /** Kill Switch */
            kill_switch: boolean;
            /**
             * Kind
             * @enum {string}
             */
            kind: "openai" | "ollama" | "langchain";
            /** Last Attempt At */
            last_attempt_at: string | null;
            /** Last Probe At */
            last_probe_at: string | null;
            /** Latency Ms */
            latency_ms: number | null;
            /** Models */
            models: string[];
            /** Predicted Ttft Ms */
            predicted_ttft_ms: number | null;
            /** Simulated */
            simulated: boolean;
            /**
             * Status
             * @enum {string}
             */
            status: "healthy" | "degraded" | "down" | "auth_error" | "unknown";
            /** Success Rate Pct */
            success_rate_pct: number | null;
            /** Tier */
            tier: ("primary" | "fallback") | null;
            /** Ttft P50 Ms */
            ttft_p50_ms: number | null;
        };
        /**
         * RequestOutcome
         * @description How a request ended.
         * @enum {string}
         */
        RequestOutcome: "completed" | "failed" | "cancelled";
        /**
         * Role
         * @description Who speaks.
         * @enum {string}
         */
        Role: "system" | "user" | "assistant" | "tool";
        /**
         * RouteView
         * @description A route and its targets in order of preference.
         */
        RouteView: {
            /** Midstream */
            midstream: string;
            /** Name */
            name: string;
            /** Policy */
            policy: string;
            /** Targets */
            targets: string[];
        };
        /**
         * RunAccepted
         * @description The run is stored and will be worked on; follow it at `events_url`.
         */
        RunAccepted: {
            /** Events Url */
            events_url: string;
            /** Input Message Id */
            input_message_id: string;
            /** Message Id */
            message_id: string;
            /** Run Id */
            run_id: string;
            status: components["schemas"]["RunStatus"];
            /** Thread Id */
            thread_id: string;
        };
        /**
         * RunMode
         * @description Which graph answers.
         * @enum {string}
         */
        RunMode: "auto" | "direct" | "team";
        /**
         * RunPage
         * @description Runs, newest first.
         */
        RunPage: {
            /** Items */
            items: components["schemas"]["RunView"][];
            /** Next Cursor */
            next_cursor: string | null;
        };
        /**
         * RunRequest
         * @description A question. Without `thread_id` it opens a new thread.
         */
        RunRequest: {
            /** Input */
            input: string;
            /** Max Tokens */
            max_tokens?: number | null;
            /** @default auto */
            mode?: components["schemas"]["RunMode"];
            /** Parent Message Id */
            parent_message_id?: string | null;
            /** @default interactive */
            priority?: components["schemas"]["Priority"];
            /**
             * Route
             * @default default
             */
            route?: string;
            /** Temperature */
            temperature?: number | null;
            /** Thread Id */
            thread_id?: string | null;
        };
        /**
         * RunStatus
         * @description queued → running → completed | failed | cancelled; a queued run may be cancelled at once.
         * @enum {string}
         */
        RunStatus: "queued" | "running" | "completed" | "failed" | "cancelled";
        /**
         * RunView
         * @description A run and its receipt.
         */
        RunView: {
            /** Attempts */
            attempts: components["schemas"]["AttemptView"][];
            /** Cost Usd */
            cost_usd: number | null;
            /**
             * Created At
             * Format: date-time
             */
            created_at: string;
            /** Ended At */
            ended_at: string | null;
            error: components["schemas"]["ProblemView"] | null;
            /** Events Url */
            events_url: string;
            /** Failover Chain */
            failover_chain: string[];
            /** Failover Occurred */
            failover_occurred: boolean;
            /** Finish Reason */
            finish_reason: string | null;
            /** Input Message Id */
            input_message_id: string;
            /** Latency Ms */
            latency_ms: number | null;
            /** Message Id */
            message_id: string;
            mode: components["schemas"]["RunMode"];
            /** Model */
            model: string | null;
            /** Provider */
            provider: string | null;
            /** Recovered */
            recovered: number;
            /** Route */
            route: string;
            /** Run Id */
            run_id: string;
            /** Started At */
            started_at: string | null;
            status: components["schemas"]["RunStatus"];
            /** Thread Id */
            thread_id: string;
            /** Tool Calls */
            tool_calls: components["schemas"]["ToolCallView"][];
            /** Ttft Ms */
            ttft_ms: number | null;
            usage: components["schemas"]["UsageView"] | null;
        };
        /**
         * ServedModel
         * @description A route or a target that can be named as `model`.
         */
        ServedModel: {
            /** Created */
            created: number;
            /** Id */
            id: string;
            /**
             * Object
             * @constant
             */
            object: "model";
            /** Owned By */
            owned_by: string;
        };
        /**
         * ServedModels
         * @description All names.
         */
        ServedModels: {
            /** Data */
            data: components["schemas"]["ServedModel"][];
            /**
             * Object
             * @constant
             */
            object: "list";
        };
        /**
         * Severity
         * @description How much it matters: nothing to do, worth a look, users get no answers.
         * @enum {string}
         */
        Severity: "info" | "warning" | "critical";
        /**
         * StatusEvent
         * @description A step of the run; what else it carries depends on the phase (`docs/events.md`).
         */
        StatusEvent: {
            /**
             * At
             * Format: date-time
             */
            at: string;
            phase: components["schemas"]["Phase"];
            /** Run Id */
            run_id: string;
            /** Seq */
            seq: number;
        } & {
            [key: string]: unknown;
        };
        /**
         * ThreadChange
         * @description What shall change; fields left out stay.
         */
        ThreadChange: {
            /** Archived */
            archived?: boolean | null;
            /** Title */
            title?: string | null;
        };
        /**
         * ThreadPage
         * @description Threads, last used first.
         */
        ThreadPage: {
            /** Items */
            items: components["schemas"]["ThreadView"][];
            /** Next Cursor */
            next_cursor: string | null;
        };
        /**
         * ThreadRequest
         * @description A new thread.
         */
        ThreadRequest: {
            /**
             * Title
             * @default New conversation
             */
            title?: string;
        };
        /**
         * ThreadView
         * @description A conversation.
         */
        ThreadView: {
            /** Active Run Id */
            active_run_id: string | null;
            /** Archived */
            archived: boolean;
            /**
             * Created At
             * Format: date-time
             */
            created_at: string;
            /** Thread Id */
            thread_id: string;
            /** Title */
            title: string;
            /**
             * Updated At
             * Format: date-time
             */
            updated_at: string;
        };
        /**
         * TokenEvent
         * @description More text. All texts since the last `restarted` together are the completion's text.
         */
        TokenEvent: {
            /**
             * At
             * Format: date-time
             */
            at: string;
            /** Message Id */
            message_id: string;
            /** Run Id */
            run_id: string;
            /** Seq */
            seq: number;
            /** Text */
            text: string;
        };
        /**
         * ToolArgumentView
         * @description One argument of a tool; `type` is null where its schema names none, or several.
         */
        ToolArgumentView: {
            /** Is Required */
            is_required: boolean;
            /** Name */
            name: string;
            /** Type */
            type: string | null;
        };
        /**
         * ToolAttemptView
         * @description One try of one tool for a call.
         */
        ToolAttemptView: {
            /** Cause */
            cause: string | null;
            /** Duration Ms */
            duration_ms: number;
            /**
             * Executed
             * @enum {string}
             */
            executed: "yes" | "no" | "unknown";
            /** Server */
            server: string;
            /** Tool */
            tool: string;
        };
        /**
         * ToolCallPage
         * @description Calls, newest first.
         */
        ToolCallPage: {
            /** Items */
            items: components["schemas"]["ToolCallRecordView"][];
            /** Next Cursor */
            next_cursor: string | null;
        };
        /**
         * ToolCallRecordView
         * @description One call of a run, or of an agent outside (`caller`, as it names itself).
         */
        ToolCallRecordView: {
            /** Arguments */
            arguments: {
                [key: string]: unknown;
            };
            /** Attempts */
            attempts: components["schemas"]["ToolAttemptView"][];
            /** Call Id */
            call_id: string;
            /** Caller */
            caller: string | null;
            /**
             * Capability
             * @description The name under which it was called, if that was none of a single tool.
             */
            capability: string | null;
            /** Cause */
            cause: string | null;
            /** Duration Ms */
            duration_ms: number | null;
            /** Effect */
            effect: ("read_only" | "idempotent" | "mutating") | null;
            /** Ended At */
            ended_at: string | null;
            /**
             * Executed
             * @description Whether the tool acted.
             */
            executed: ("yes" | "no" | "unknown") | null;
            /** Is Error */
            is_error: boolean;
            /** Result */
            result: string | null;
            /**
             * Result Chars
             * @description How long the whole result is, where `result` is only its beginning.
             */
            result_chars: number | null;
            /** Run Id */
            run_id: string | null;
            /** Server */
            server: string;
            /**
             * Started At
             * Format: date-time
             */
            started_at: string;
            /** Thread Id */
            thread_id: string | null;
            /** Tool */
            tool: string;
            /** Tool Call Id */
            tool_call_id: string;
        };
        /**
         * ToolCallView
         * @description One call to one tool.
         */
        ToolCallView: {
            /** Arguments */
            arguments: {
                [key: string]: unknown;
            };
            /** Attempts */
            attempts: components["schemas"]["ToolAttemptView"][];
            /**
             * Capability
             * @description The name under which it was called, if that was none of a single tool.
             */
            capability: string | null;
            /** Cause */
            cause: string | null;
            /** Duration Ms */
            duration_ms: number | null;
            /** Effect */
            effect: ("read_only" | "idempotent" | "mutating") | null;
            /** Ended At */
            ended_at: string | null;
            /**
             * Executed
             * @description Whether the tool acted.
             */
            executed: ("yes" | "no" | "unknown") | null;
            /** Is Error */
            is_error: boolean;
            /** Result */
            result: string | null;
            /** Server */
            server: string;
            /**
             * Started At
             * Format: date-time
             */
            started_at: string;
            /** Tool */
            tool: string;
            /** Tool Call Id */
            tool_call_id: string;
        };
        /**
         * ToolChangeView
         * @description One thing that a definition says otherwise than when it was trusted; null where it says nothing.
         *
         *     Characters that cannot be seen are spelled out.
         */
        ToolChangeView: {
            /** After */
            after: string | null;
            /** Before */
            before: string | null;
            /**
             * What
             * @description The way to it, such as `input_schema/properties/path/type`.
             */
            what: string;
        };
        /**
         * ToolFailureView
         * @description The newest call that gave no result.
         */
        ToolFailureView: {
            /**
             * At
             * Format: date-time
             */
            at: string;
            /** Cause */
            cause: string;
            /** Detail */
            detail: string | null;
        };
        /**
         * ToolPinView
         * @description The definition that is trusted; `digest` is null while none is, `approved_by` for what was trusted at sight.
         */
        ToolPinView: {
            /** Approved At */
            approved_at: string | null;
            /** Approved By */
            approved_by: string | null;
            /**
             * Changed At
             * Format: date-time
             */
            changed_at: string;
            /** Digest */
            digest: string | null;
            /**
             * First Seen At
             * Format: date-time
             */
            first_seen_at: string;
        };
        /**
         * ToolServerView
         * @description One tool server; `address` is its program or its URL, without anything secret.
         */
        ToolServerView: {
            /** Address */
            address: string;
            /** Era */
            era: ("modern" | "legacy") | null;
            /** Is Refused */
            is_refused: boolean;
            /**
             * Kind
             * @enum {string}
             */
            kind: "stdio" | "http";
            /**
             * Last Cause
             * @description The same in a word, one of the causes of tools; null also if we ended the session ourselves.
             */
            last_cause: string | null;
            /** Last Error */
            last_error: string | null;
            /** Last Error At */
            last_error_at: string | null;
            /** Left Out */
            left_out: components["schemas"]["LeftOutView"][];
            /** Name */
            name: string;
            /** Pid */
            pid: number | null;
            /** Pinned */
            pinned: boolean;
            /** Protocol Version */
            protocol_version: string | null;
            /**
             * Restarts
             * @description How many sessions have followed the first one.
             */
            restarts: number;
            /**
             * Retry At
             * @description When it is tried again; null unless it waits for that.
             */
            retry_at: string | null;
            /** Sessions */
            sessions: number;
            /**
             * Since
             * Format: date-time
             */
            since: string;
            /**
             * State
             * @enum {string}
             */
            state: "connecting" | "ready" | "down";
            /** Tools */
            tools: components["schemas"]["ToolView"][];
            /** Trusted */
            trusted: boolean;
        };
        /**
         * ToolsView
         * @description All tools.
         */
        ToolsView: {
            /** Capabilities */
            capabilities: components["schemas"]["CapabilityView"][];
            /**
             * Process
             * @description The process (host:pid) whose sessions and figures these are; null where one process has a database alone.
             */
            process: string | null;
            /** Servers */
            servers: components["schemas"]["ToolServerView"][];
        };
        /**
         * ToolView
         * @description One tool of a server. Figures are since the start of this process.
         */
        ToolView: {
            /** Arguments */
            arguments: components["schemas"]["ToolArgumentView"][];
            /**
             * Caller Errors
             * @description How many of them are calls whose arguments were refused.
             */
            caller_errors: number;
            /** Calls */
            calls: number;
            /** Capabilities */
            capabilities: string[];
            /**
             * Changes
             * @description Of a tool that waits for an approval, what has changed; null while what was trusted is not known.
             */
            changes: components["schemas"]["ToolChangeView"][] | null;
            circuit: components["schemas"]["BreakerView"];
            /** Description */
            description: string;
            /** Digest */
            digest: string;
            /**
             * Effect
             * @enum {string}
             */
            effect: "read_only" | "idempotent" | "mutating";
            /**
             * Effect Source
             * @description Who says so: the configuration, the annotations of a trusted server, or nobody.
             * @enum {string}
             */
            effect_source: "override" | "annotations" | "default";
            /** Failures */
            failures: number;
            /** Is Quarantined */
            is_quarantined: boolean;
            /**
             * Is Withheld
             * @description Models are not told of it, because there are more tools than they take; callers of `/mcp` are.
             */
            is_withheld: boolean;
            /** Key */
            key: string;
            /** Kill Switch */
            kill_switch: boolean;
            last_failure: components["schemas"]["ToolFailureView"] | null;
            /**
             * Latency P50 Ms
             * @description Of the newest 200 results.
             */
            latency_p50_ms: number | null;
            /** Latency P95 Ms */
            latency_p95_ms: number | null;
            /** Name */
            name: string;
            /**
             * Obstacle
             * @description What would keep a call from the tool now, one of the causes of tools; null if nothing would.
             */
            obstacle: string | null;
            /** Paused Seconds */
            paused_seconds: number;
            pin: components["schemas"]["ToolPinView"] | null;
            /**
             * Success Rate Pct
             * @description Of the calls that were sent, without those whose arguments were refused, those that gave a result.
             */
            success_rate_pct: number | null;
            /** Tool */
            tool: string;
            /**
             * Tool Errors
             * @description How many of them the tool itself answered with an error.
             */
            tool_errors: number;
            /**
             * Unsent
             * @description How many of the failures are calls of which nothing was sent to the tool.
             */
            unsent: number;
        };
        /**
         * UsageView
         * @description Tokens spent; `estimated` if the provider did not count them.
         */
        UsageView: {
            /** Estimated */
            estimated: boolean;
            /** Input Tokens */
            input_tokens: number;
            /** Output Tokens */
            output_tokens: number;
            /** Total Tokens */
            total_tokens: number;
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    list_breakers_api_breakers_get: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BreakerList"];
                };
            };
            /** @description A problem (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemView"];
                };
            };
        };
    };
    reset_breaker_api_breakers_reset_post: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["BreakerRequest"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BreakerView"];
                };
            };
            /** @description A problem (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemView"];
                };
            };
        };
    };
    trip_breaker_api_breakers_trip_post: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["BreakerRequest"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BreakerView"];
                };
            };
            /** @description A problem (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemView"];
                };
            };
        };
    };
    chaos_api_chaos_get: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ChaosView"];
                };
            };
            /** @description A problem (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemView"];
                };
            };
        };
    };
    set_kill_switch_api_chaos_kill_switch__target__put: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                target: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["KillSwitchRequest"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["KillSwitchView"];
                };
            };
            /** @description A problem (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemView"];
                };
            };
        };
    };
    chat_api_chat_post: {
        parameters: {
            query?: never;
            header?: {
                "Idempotency-Key"?: string | null;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ChatRequest"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ChatAnswer"];
                };
            };
            /** @description A problem (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemView"];
                };
            };
        };
    };
    chat_stream_api_chat_stream_post: {
        parameters: {
            query?: {
                on_disconnect?: "continue" | "cancel";
            };
            header?: {
                "Idempotency-Key"?: string | null;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RunRequest"] | components["schemas"]["ChatRequest"];
            };
        };
        responses: {
            /** @description Events of the run; see `docs/events.md`. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": unknown;
                };
            };
            /** @description A problem (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemView"];
                };
            };
        };
    };
    list_incidents_api_incidents_get: {
        parameters: {
            query?: {
                cursor?: string | null;
                limit?: number;
                /** @description RFC 3339, with its zone */
                since?: string | null;
                type?: components["schemas"]["IncidentType"] | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["IncidentPage"];
                };
            };
            /** @description A problem (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemView"];
                };
            };
        };
    };
    info_api_info_get: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["InfoView"];
                };
            };
            /** @description A problem (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemView"];
                };
            };
        };
    };
    metrics_summary_api_metrics_get: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MetricsView"];
                };
            };
            /** @description A problem (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemView"];
                };
            };
        };
    };
    provider_status_api_providers_status_get: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        [key: string]: components["schemas"]["ProviderStatusView"];
                    };
                };
            };
            /** @description A problem (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemView"];
                };
            };
        };
    };
    list_requests_api_requests_get: {
        parameters: {
            query?: {
                cursor?: string | null;
                limit?: number;
                outcome?: components["schemas"]["RequestOutcome"] | null;
                trace_id?: string | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GatewayRequestPage"];
                };
            };
            /** @description A problem (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemView"];
                };
            };
        };
    };
    get_request_api_requests__request_id__get: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                request_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GatewayRequestView"];
                };
            };
            /** @description A problem (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemView"];
                };
            };
        };
    };
    explain_route_api_routes__name__explain_get: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PlanView"];
                };
            };
            /** @description A problem (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemView"];
                };
            };
        };
    };
    list_runs_api_runs_get: {
        parameters: {
            query?: {
                cursor?: string | null;
                limit?: number;
                status?: components["schemas"]["RunStatus"] | null;
                thread_id?: string | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RunPage"];
                };
            };
            /** @description A problem (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemView"];
                };
            };
        };
    };
    ask_api_runs_post: {
        parameters: {
            query?: never;
            header?: {
                "Idempotency-Key"?: string | null;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RunRequest"];
            };
        };
        responses: {
            /** @description Successful Response */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RunAccepted"];
                };
            };
            /** @description A problem (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemView"];
                };
            };
        };
    };
    get_run_api_runs__run_id__get: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                run_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RunView"];
                };
            };
            /** @description A problem (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemView"];
                };
            };
        };
    };
    cancel_api_runs__run_id__cancel_post: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                run_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RunView"];
                };
            };
            /** @description A problem (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemView"];
                };
            };
        };
    };
    follow_api_runs__run_id__events_get: {
        parameters: {
            query?: {
                after?: number | null;
            };
            header?: never;
            path: {
                run_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Events of the run; see `docs/events.md`. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": unknown;
                };
            };
            /** @description The run has ended, and the reader has all of it. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description A problem (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemView"];
                };
            };
        };
    };
    list_threads_api_threads_get: {
        parameters: {
            query?: {
                archived?: boolean;
                cursor?: string | null;
                limit?: number;
                query?: string | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ThreadPage"];
                };
            };
            /** @description A problem (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemView"];
                };
            };
        };
    };
    create_thread_api_threads_post: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["ThreadRequest"] | null;
            };
        };
        responses: {
            /** @description Successful Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ThreadView"];
                };
            };
            /** @description A problem (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemView"];
                };
            };
        };
    };
    get_thread_api_threads__thread_id__get: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                thread_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ThreadView"];
                };
            };
            /** @description A problem (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemView"];
                };
            };
        };
    };
    delete_thread_api_threads__thread_id__delete: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                thread_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description A problem (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemView"];
                };
            };
        };
    };
    change_thread_api_threads__thread_id__patch: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                thread_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ThreadChange"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ThreadView"];
                };
            };
            /** @description A problem (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemView"];
                };
            };
        };
    };
    export_thread_api_threads__thread_id__export_get: {
        parameters: {
            query?: {
                format?: "markdown" | "json";
            };
            header?: never;
            path: {
                thread_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": unknown;
                    "text/markdown": unknown;
                };
            };
            /** @description A problem (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemView"];
                };
            };
        };
    };
    list_messages_api_threads__thread_id__messages_get: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                thread_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MessageList"];
                };
            };
            /** @description A problem (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemView"];
                };
            };
        };
    };
    tools_api_tools_get: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ToolsView"];
                };
            };
            /** @description A problem (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemView"];
                };
            };
        };
    };
    approve_api_tools__server___tool__approve_post: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                server: string;
                tool: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["ApprovalRequest"] | null;
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ToolView"];
                };
            };
            /** @description A problem (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemView"];
                };
            };
        };
    };
    reconnect_api_tools__server__reconnect_post: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                server: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ToolServerView"];
                };
            };
            /** @description A problem (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemView"];
                };
            };
        };
    };
    list_calls_api_tools_calls_get: {
        parameters: {
            query?: {
                cursor?: string | null;
                is_error?: boolean | null;
                limit?: number;
                origin?: ("run" | "mcp") | null;
                run_id?: string | null;
                server?: string | null;
                tool?: string | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ToolCallPage"];
                };
            };
            /** @description A problem (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemView"];
                };
            };
        };
    };
    health_health_get: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HealthView"];
                };
            };
            /** @description A problem (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemView"];
                };
            };
        };
    };
    live_health_live_get: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LiveView"];
                };
            };
            /** @description A problem (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemView"];
                };
            };
        };
    };
    ready_health_ready_get: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HealthView"];
                };
            };
            /** @description A problem (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemView"];
                };
            };
        };
    };
    metrics_metrics_get: {
        parameters: {
            query?: never;
            header?: {
                accept?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The metrics */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/plain": string;
                };
            };
            /** @description A problem (RFC 9457) */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemView"];
                };
            };
        };
    };
}
