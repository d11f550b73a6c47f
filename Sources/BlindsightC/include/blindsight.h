// SPDX-License-Identifier: Apache-2.0

// Blindsight for C, and for every language that can call it.
//
// Who owns the model compiles it to a plan. Who owns the data makes a client of the plan's half for clients, encrypts,
// and alone can decrypt. A server predicts on ciphertexts with evaluation keys; no call of a server takes a secret.
//
// Conventions
//   - A call that can fail gives a status: BS_OK, or why not. Its last parameter, where it isn't NULL, is then set to an
//     error that says more; after BS_OK to NULL. Results are set after BS_OK only.
//   - Whatever is given out by a pointer to a pointer belongs to the caller: bs_free ends it, once. NULL is let through.
//     Handles keep what they need: a plan may be freed while its server runs.
//   - What is passed in is read during the call and never kept. Lengths are in bytes, counts in elements.
//   - Texts are UTF-8. JSON is one object, and not ended by a zero byte: bs_bytes_count says how long it is.
//   - Any handle may be used by several threads at once, but not while it is freed.
//   - In a child of a fork all handles go on working; calls run on one thread there. Don't fork during a call.

#ifndef BLINDSIGHT_H
#define BLINDSIGHT_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// Raised when a call or its meaning changes; calls that are added don't raise it. Compare with bs_abi_version().
#define BS_ABI_VERSION 1

typedef struct bs_error bs_error;              // why a call failed
typedef struct bs_bytes bs_bytes;              // bytes that were made here
typedef struct bs_plan bs_plan;                // a certified plan, with the model's weights: the server's
typedef struct bs_client_plan bs_client_plan;  // what clients know of it: no weights
typedef struct bs_client bs_client;            // holds a secret key
typedef struct bs_model bs_model;              // a plan with its weights encoded, once for all clients
typedef struct bs_server bs_server;            // predicts for one client, and sees nothing
typedef struct bs_predictions bs_predictions;  // what a client decrypted
typedef struct bs_sum_key bs_sum_key;          // a secret key of sums, in memory alone
typedef struct bs_sum bs_sum;                  // what all parties of a sum agree on

// Why a call failed.
typedef enum bs_status {
    BS_OK = 0,
    BS_CANCELLED = 1,         // progress asked for it
    BS_INVALID_ARGUMENT = 2,  // an option, a size or a handle that no call takes
    BS_MODEL = 3,             // no model, or one with something that can't be taken
    BS_REFUSED = 4,           // a model that has no plan; the remedies say what would work
    BS_DATA = 5,              // samples that don't fit the plan or the model
    BS_FORMAT = 6,            // bytes that are damaged, or of another kind
    BS_MISMATCH = 7,          // keys, request or reply of another plan, key set or request
    BS_DECRYPTION = 8,        // what only the secret key tells: never let a server know of it
    BS_FILE = 9,              // a file that can't be read or written
    BS_INTERNAL = 10          // a defect: please report it
} bs_status;

// Types of elements of arrays that are passed in.
typedef enum bs_type { BS_FLOAT32 = 0, BS_FLOAT64 = 1, BS_INT64 = 2, BS_UINT8 = 3 } bs_type;

// Told how far a call is, at most some twenty times a second, by one thread at a time, but not always the caller's.
//   stage: a line on what is being done, or NULL. done, total: steps; total is 0 where nobody knows.
// A result other than 0 ends the call with BS_CANCELLED. It must not call back into the handles of the call.
typedef int32_t (*bs_progress)(void *context, const char *stage, int64_t done, int64_t total);

// ---------------------------------------------------------------------------------------------------------------------

// BS_ABI_VERSION of the library that runs.
int32_t bs_abi_version(void);
// The release, such as "0.1.0"; for good.
const char *bs_version(void);
// Ends any handle. What it holds of a secret is wiped.
void bs_free(void *handle);

// Texts live as long as the error. NULL: nothing of this kind is known.
int32_t bs_error_status(const bs_error *error);
// The node, file, sample or option.
const char *bs_error_where(const bs_error *error);
const char *bs_error_what(const bs_error *error);
// Changes that would help, the nearest first.
size_t bs_error_remedy_count(const bs_error *error);
const char *bs_error_remedy(const bs_error *error, size_t index);
// The option of bs_compile by which it is done, as "key=value"; NULL: no option does it.
const char *bs_error_remedy_option(const bs_error *error, size_t index);

// The memory itself, until it is freed.
const uint8_t *bs_bytes_data(const bs_bytes *bytes);
size_t bs_bytes_count(const bs_bytes *bytes);

// ---------------------------------------------------------------------------------------------------------------------
// Models and plans.

// An ONNX file's bytes, those that it keeps in files beside it put in.
int32_t bs_model_read(const char *path, bs_bytes **onnx, bs_error **error);

// What a model takes and gives, as JSON: "shape" of a sample, "columns" of a table, names of "labels".
//   options: as bs_compile takes them, or NULL.
int32_t bs_model_describe(
    const uint8_t *onnx, size_t length, const char *options, bs_bytes **json, bs_error **error);

// The cheapest certified plan of a model.
//   onnx: the file's bytes.
//   samples: a few hundred as the model takes them, row-major, `count` of `width` values each; NULL where the model
//     states its integers.
//   labels: the class of each sample (its place among the model's labels, or a label that is a number), for accuracies
//     in the report; NULL: none.
//   options: lines "key=value", or NULL. bits=3..8, degrees=2..7, method=auto|slots|features|paillier, samples=1,
//     function_privacy=0|40|64|80, range=certified|calibrated, margin_bits=4, range_bits=N, key_bits=2048|3072|4096,
//     outputs=scores|quantities, trees=grid|thresholds|structure, bins=64, move=NODE (several times),
//     accept_errors=true.
//   within: a plan whose clients are to keep their keys, or NULL.
int32_t bs_compile(
    const uint8_t *onnx, size_t length, const void *samples, int32_t type, int64_t count, int64_t width,
    const int64_t *labels, const char *options, const bs_client_plan *within, bs_progress progress, void *context,
    bs_plan **plan, bs_error **error);

int32_t bs_plan_load(const uint8_t *bytes, size_t length, bs_plan **plan, bs_error **error);
int32_t bs_plan_serialize(const bs_plan *plan, bs_bytes **bytes, bs_error **error);
// What is proven, what it costs, and what quantization did, as JSON; "text", "markdown" and "plots" are for people.
int32_t bs_plan_report(const bs_plan *plan, bs_bytes **json, bs_error **error);
// The half for clients.
int32_t bs_plan_client(const bs_plan *plan, bs_client_plan **client, bs_error **error);
// What a server with this plan would answer, without any encryption: bit-equal to the encrypted run.
int32_t bs_plan_simulate(
    const bs_plan *plan, const void *samples, int32_t type, int64_t count, int64_t width, int32_t clamp,
    bs_progress progress, void *context, bs_predictions **predictions, bs_error **error);

int32_t bs_client_plan_load(const uint8_t *bytes, size_t length, bs_client_plan **plan, bs_error **error);
int32_t bs_client_plan_serialize(const bs_client_plan *plan, bs_bytes **bytes, bs_error **error);
// Method, sizes, shape and columns of samples, labels and outputs, as JSON.
int32_t bs_client_plan_describe(const bs_client_plan *plan, bs_bytes **json, bs_error **error);

// ---------------------------------------------------------------------------------------------------------------------
// Clients: who owns the data.

// With fresh keys. threads: of one call; 0: as many as there are cores.
int32_t bs_client_create(const bs_client_plan *plan, int32_t threads, bs_client **client, bs_error **error);
// With the secret key of a file. Replies that are refused for what only the key tells are counted beside it.
//   passphrase: of `passphrase_length` bytes, or NULL. Wipe it after use.
int32_t bs_client_open(
    const bs_client_plan *plan, const char *path, const uint8_t *passphrase, size_t passphrase_length,
    int32_t threads, bs_client **client, bs_error **error);
// Writes the secret key to a file that its owner alone can read; it appears whole or not at all.
//   overwrite: whether a file of this name is replaced. Replies to ciphertexts of the key in it are lost then.
int32_t bs_client_save(
    const bs_client *client, const char *path, const uint8_t *passphrase, size_t passphrase_length,
    int32_t overwrite, bs_error **error);
// The keys that the server needs, made anew from the same secret.
int32_t bs_client_evaluation_keys(
    const bs_client *client, bs_progress progress, void *context, bs_bytes **keys, bs_error **error);
// Quantizes and encrypts `count` samples of `width` values, row-major. The client keeps what it needs to know the
// replies by, of the last quarter of a million groups.
//   clamp: whether values far outside the plan's range take its nearest end; else they are refused. NaN always is,
//     unless the model takes it.
int32_t bs_client_encrypt(
    const bs_client *client, const void *samples, int32_t type, int64_t count, int64_t width, int32_t clamp,
    bs_progress progress, void *context, bs_bytes **request, bs_error **error);
// Decrypts a whole reply.
//   request: what it must answer; NULL: one that this client encrypted.
int32_t bs_client_decrypt(
    const bs_client *client, const uint8_t *reply, size_t length, const uint8_t *request, size_t request_length,
    bs_progress progress, void *context, bs_predictions **predictions, bs_error **error);

// ---------------------------------------------------------------------------------------------------------------------
// Servers: who owns the model.

// Encodes the weights.
int32_t bs_model_prepare(const bs_plan *plan, int32_t threads, bs_model **model, bs_error **error);
// For the client whose evaluation keys these are.
int32_t bs_server_create(
    const bs_model *model, const uint8_t *keys, size_t length, int32_t threads, bs_server **server,
    bs_error **error);
// Evaluates the model on all samples of a request.
int32_t bs_server_predict(
    const bs_server *server, const uint8_t *request, size_t length, bs_progress progress, void *context,
    bs_bytes **reply, bs_error **error);

// ---------------------------------------------------------------------------------------------------------------------
// Predictions, in the order of the samples. Arrays are filled row-major, and must have room.

int64_t bs_predictions_count(const bs_predictions *predictions);
// Integer outputs of a sample, and elements of what the model shows.
int64_t bs_predictions_logit_width(const bs_predictions *predictions);
int64_t bs_predictions_value_width(const bs_predictions *predictions);
// The network's integers, exact. BS_DATA where one doesn't fit: then bs_predictions_logit_text has them.
int32_t bs_predictions_logits(const bs_predictions *predictions, int64_t *out, bs_error **error);
// The same in decimal, one a line.
int32_t bs_predictions_logit_text(const bs_predictions *predictions, bs_bytes **text, bs_error **error);
// What the model shows: its scores.
int32_t bs_predictions_values(const bs_predictions *predictions, double *out, bs_error **error);
// Of each sample, the place of its label among the plan's, or a label that is a number; 0 for a regression.
int32_t bs_predictions_labels(const bs_predictions *predictions, int64_t *out, bs_error **error);
// One of the outputs that bs_client_plan_describe names: reals, whole numbers or places of labels.
int32_t bs_predictions_output(
    const bs_predictions *predictions, size_t index, float *out, bs_error **error);
// Whether the plan proves that no result can have wrapped.
int32_t bs_predictions_are_certified(const bs_predictions *predictions);

// ---------------------------------------------------------------------------------------------------------------------
// Sums of many clients' integers (Paillier, packed): clients encrypt, a server without a key adds, and who holds the key
// sees the sum alone. The server and the key's holder must not work together: both together see every vector.

// A fresh key. bits: 2048, 3072 (128-bit security) or 4096. It can't be saved: a new process makes a new one.
int32_t bs_sum_key_create(int32_t bits, bs_sum_key **key, bs_error **error);
// For clients and server.
int32_t bs_sum_key_public(const bs_sum_key *key, bs_bytes **bytes, bs_error **error);

// For vectors of `count` integers in -magnitude..magnitude, of at most `clients` clients together: slots are made so that
// no such sum leaves its own. BS_INVALID_ARGUMENT where sums don't fit 64 bits.
//   threads: of one call; 0: as many as there are cores.
int32_t bs_sum_create(
    const uint8_t *public_key, size_t length, int64_t count, int64_t magnitude, int64_t clients, int32_t threads,
    bs_sum **sum, bs_error **error);
// "key_bits", "slot_bits", "slots", "ciphertexts" and "bytes" of an encrypted vector, as JSON.
int32_t bs_sum_describe(const bs_sum *sum, bs_bytes **json, bs_error **error);
// One client's vector. BS_DATA for an integer beyond the magnitude, or another count than the sum's.
int32_t bs_sum_encrypt(
    const bs_sum *sum, const int64_t *values, int64_t count, bs_bytes **vector, bs_error **error);
// How many vectors were added, as the bytes say.
int32_t bs_sum_terms(
    const bs_sum *sum, const uint8_t *vector, size_t length, int64_t *terms, bs_error **error);
// The sum of two vectors or sums. BS_MISMATCH for more vectors in it than clients, or ones of another sum or key.
int32_t bs_sum_add(
    const bs_sum *sum, const uint8_t *first, size_t first_length, const uint8_t *second, size_t second_length,
    bs_bytes **total, bs_error **error);
// Fills `out`, `count` integers. BS_DECRYPTION where it is no sum of vectors within the magnitude.
//   least_terms: BS_MISMATCH for a sum of fewer vectors, as it says itself.
int32_t bs_sum_decrypt(
    const bs_sum_key *key, const bs_sum *sum, const uint8_t *total, size_t length, int64_t least_terms, int64_t *out,
    bs_error **error);

// ---------------------------------------------------------------------------------------------------------------------

// The command line: what the program `blindsight` does with these arguments, the program's name first. It ends the
// process. No other thread may run yet.
void bs_main(int32_t argument_count, const char *const *arguments);

#ifdef __cplusplus
}
#endif

#endif
