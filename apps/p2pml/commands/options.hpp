// Kinds of values that several commands take on their command lines, with the errors a user gets to read.
#pragma once

#include <CLI/App.hpp>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/time.hpp"
#include "driver/ports.hpp"
#include "platform/native/server/endpoint.hpp"

namespace p2pml::app {

/// "HOST:PORT" as native::parseEndpoint takes it; the default is what `endpoint` holds.
CLI::Option* addEndpoint(CLI::App& command, const std::string& name, native::Endpoint& endpoint,
                         const std::string& description);

/// Whole or broken seconds from `atLeast` up to a week; the default is what `duration` holds.
CLI::Option* addSeconds(CLI::App& command, const std::string& name, base::Duration& duration, double atLeast,
                        const std::string& description);

/// Values of --header: "Name: value" each. Errors: invalidArgument.
base::Result<std::vector<driver::HttpHeader>> parseHeaders(const std::vector<std::string>& texts);

}  // namespace p2pml::app
