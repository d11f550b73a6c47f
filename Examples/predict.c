// SPDX-License-Identifier: Apache-2.0

// A digit, recognized by a server that doesn't see it: the C interface from end to end.
//
//   cc -std=c11 -I Sources/BlindsightC/include Examples/predict.c -L FOLDER -lblindsight -o predict
//   ./predict Models/mnist.onnx Samples/digits-images-idx3-ubyte 14
//
// `make check-c` builds the library, compiles this and compares the answer with the label.

#include <blindsight.h>
#include <stdio.h>
#include <stdlib.h>

enum { PIXELS = 28 * 28, IDX_HEADER = 16 };

// Shows an error and ends.
static void fail(const char *call, bs_error *error) {
    const char *where = bs_error_where(error);
    fprintf(stderr, "%s: %s%s%s\n", call, where ? where : "", where ? ": " : "", bs_error_what(error));
    for (size_t index = 0; index < bs_error_remedy_count(error); index++) {
        const char *option = bs_error_remedy_option(error, index);
        fprintf(stderr, "  - %s (%s)\n", bs_error_remedy(error, index), option ? option : "no option does it");
    }
    bs_free(error);
    exit(1);
}

// Of a call with the variable `error` for its last argument.
#define CHECK(call)                                    \
    do {                                               \
        if ((call) != BS_OK) fail(#call, error);       \
    } while (0)

static int32_t show(void *context, const char *stage, int64_t done, int64_t total) {
    (void)context;
    fprintf(stderr, "%s %lld/%lld\n", stage ? stage : "", (long long)done, (long long)total);
    return 0;  // Anything else would end the call.
}

int main(int count, char **arguments) {
    if (count != 4 || bs_abi_version() != BS_ABI_VERSION) {
        fprintf(stderr, "usage: predict MODEL.onnx IMAGES.idx INDEX, with a library of ABI version %d\n", BS_ABI_VERSION);
        return 2;
    }
    unsigned char pixels[PIXELS];
    FILE *images = fopen(arguments[2], "rb");
    if (!images || fseek(images, IDX_HEADER + atol(arguments[3]) * PIXELS, SEEK_SET) != 0 ||
        fread(pixels, 1, PIXELS, images) != PIXELS) {
        fprintf(stderr, "predict: %s has no such image\n", arguments[2]);
        return 1;
    }
    fclose(images);
    bs_error *error = NULL;

    // The model's owner.
    bs_bytes *onnx, *client_plan_bytes;
    bs_plan *plan;
    bs_client_plan *half;
    CHECK(bs_model_read(arguments[1], &onnx, &error));
    CHECK(bs_compile(bs_bytes_data(onnx), bs_bytes_count(onnx), NULL, BS_FLOAT32, 0, 0, NULL, "method=slots", NULL, show,
                     NULL, &plan, &error));
    CHECK(bs_plan_client(plan, &half, &error));
    CHECK(bs_client_plan_serialize(half, &client_plan_bytes, &error));

    // The data's owner, who gets these bytes and nothing else.
    bs_client_plan *client_plan;
    bs_client *client;
    bs_bytes *keys, *request;
    CHECK(bs_client_plan_load(bs_bytes_data(client_plan_bytes), bs_bytes_count(client_plan_bytes), &client_plan, &error));
    CHECK(bs_client_create(client_plan, 0, &client, &error));
    CHECK(bs_client_evaluation_keys(client, NULL, NULL, &keys, &error));
    CHECK(bs_client_encrypt(client, pixels, BS_UINT8, 1, PIXELS, 0, NULL, NULL, &request, &error));

    // The server, which sees keys and requests.
    bs_model *model;
    bs_server *server;
    bs_bytes *reply;
    CHECK(bs_model_prepare(plan, 0, &model, &error));
    CHECK(bs_server_create(model, bs_bytes_data(keys), bs_bytes_count(keys), 0, &server, &error));
    CHECK(bs_server_predict(server, bs_bytes_data(request), bs_bytes_count(request), NULL, NULL, &reply, &error));

    // The data's owner again, and the same without any encryption.
    bs_predictions *found, *expected;
    int64_t label, logits[10], others[10];
    CHECK(bs_client_decrypt(client, bs_bytes_data(reply), bs_bytes_count(reply), NULL, 0, NULL, NULL, &found, &error));
    CHECK(bs_plan_simulate(plan, pixels, BS_UINT8, 1, PIXELS, 0, NULL, NULL, &expected, &error));
    if (bs_predictions_count(found) != 1 || bs_predictions_logit_width(found) != 10) return 1;
    CHECK(bs_predictions_labels(found, &label, &error));
    CHECK(bs_predictions_logits(found, logits, &error));
    CHECK(bs_predictions_logits(expected, others, &error));
    for (int index = 0; index < 10; index++) {
        if (logits[index] != others[index]) {
            fprintf(stderr, "predict: the encrypted run and the integer network differ\n");
            return 1;
        }
    }
    printf("The digit is a %lld\n", (long long)label);

    // What goes wrong is told by values: a handle of another kind, here.
    bs_bytes *nothing;
    if (bs_plan_serialize((const bs_plan *)client, &nothing, &error) != BS_INVALID_ARGUMENT) return 1;
    bs_free(error);

    void *handles[] = {onnx,   client_plan_bytes, plan,   half,  client_plan, client,  keys,
                       request, model,            server, reply, found,       expected};
    for (size_t index = 0; index < sizeof handles / sizeof *handles; index++) bs_free(handles[index]);
    return 0;
}
