"""A gRPC client that knows nothing: it asks the server what there is, as grpcurl does.

``python grpcurl.py -plaintext [-d JSON] ADDRESS list`` or ``… ADDRESS package.Service/Method``: the answer as
JSON, of a stream the first five. No generated code is imported.
"""

from __future__ import annotations

import argparse
import sys
from itertools import islice
from typing import cast

import grpc
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.json_format import MessageToJson, Parse
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

WAIT_S = 10
STREAMED_MOST = 5


def main() -> None:
    """Ask once."""
    parser = argparse.ArgumentParser()
    parser.add_argument("-plaintext", action="store_true", required=True)
    parser.add_argument("-d", default="{}")
    parser.add_argument("address")
    parser.add_argument("what")
    given = parser.parse_args()
    with grpc.insecure_channel(given.address) as channel:
        database = ProtoReflectionDescriptorDatabase(channel)
        if given.what == "list":
            sys.stdout.write("\n".join(sorted(database.get_services())) + "\n")
            return
        service, _, name = given.what.partition("/")
        method = DescriptorPool(database).FindServiceByName(service).methods_by_name[name]
        asked = Parse(given.d, GetMessageClass(method.input_type)())
        kind = channel.unary_stream if method.server_streaming else channel.unary_unary
        call = kind(
            f"/{service}/{name}",
            request_serializer=type(asked).SerializeToString,
            response_deserializer=GetMessageClass(method.output_type).FromString,
        )
        answer = call(asked, timeout=WAIT_S)
        messages = islice(answer, STREAMED_MOST) if method.server_streaming else [cast(Message, answer)]
        for message in messages:
            sys.stdout.write(MessageToJson(message, preserving_proto_field_name=True, indent=None) + "\n")


if __name__ == "__main__":
    main()
