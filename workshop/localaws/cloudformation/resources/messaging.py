"""AWS::SNS::* and AWS::SQS::*"""

from __future__ import annotations

from typing import Any, ClassVar

from workshop.localaws.cloudformation.resources.base import Call, Properties, Resource, document, listed, only, register

QUEUE_ATTRIBUTES = (
    "ContentBasedDeduplication",
    "DeduplicationScope",
    "DelaySeconds",
    "FifoThroughputLimit",
    "KmsDataKeyReusePeriodSeconds",
    "KmsMasterKeyId",
    "MaximumMessageSize",
    "MessageRetentionPeriod",
    "ReceiveMessageWaitTimeSeconds",
    "RedrivePolicy",
    "SqsManagedSseEnabled",
    "VisibilityTimeout",
)


@register
class Queue(Resource):
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-sqs-queue.html"""

    type = "AWS::SQS::Queue"
    lacks: ClassVar[Properties] = {"RedriveAllowPolicy": {"redrivePermission": "allowAll"}}
    name_property = "QueueName"
    attributes_known = "Arn QueueName QueueUrl"

    def create(self, call: Call, given: Properties) -> str:
        fifo = str(given.get("FifoQueue", "")).lower() == "true"
        name = given.get("QueueName") or call.name(75) + (".fifo" if fifo else "")
        attributes = only(given, *QUEUE_ATTRIBUTES) | ({"FifoQueue": "true"} if fifo else {})
        return str(
            call("sqs", "create_queue", QueueName=name, Attributes=attributes, tags=call.tagged(given.get("Tags")))[
                "QueueUrl"
            ]
        )

    def update(self, call: Call, physical: str, given: Properties, old: Properties) -> None:
        defaults = {
            "DelaySeconds": "0",
            "MaximumMessageSize": "262144",
            "MessageRetentionPeriod": "345600",
            "ReceiveMessageWaitTimeSeconds": "0",
            "VisibilityTimeout": "30",
            "RedrivePolicy": "",
        }
        gone = {name: value for name, value in defaults.items() if name in old and name not in given}
        attributes = gone | only(given, *QUEUE_ATTRIBUTES)
        if attributes:
            call("sqs", "set_queue_attributes", QueueUrl=physical, Attributes=attributes)

    def delete(self, call: Call, physical: str, given: Properties) -> None:
        call("sqs", "delete_queue", QueueUrl=physical)

    def attributes(self, call: Call, physical: str, given: Properties) -> dict[str, Any]:
        name = physical.rpartition("/")[2]
        return {"Arn": f"arn:aws:sqs:{call.region}:{call.account}:{name}", "QueueName": name, "QueueUrl": physical}


@register
class QueuePolicy(Resource):
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-sqs-queuepolicy.html"""

    type = "AWS::SQS::QueuePolicy"

    def create(self, call: Call, given: Properties) -> str:
        self.update(call, "", given, {})
        return call.name(64)

    def update(self, call: Call, physical: str, given: Properties, old: Properties) -> None:
        for url in given["Queues"]:
            call("sqs", "set_queue_attributes", QueueUrl=url, Attributes={"Policy": document(given["PolicyDocument"])})

    def delete(self, call: Call, physical: str, given: Properties) -> None:
        for url in given["Queues"]:
            call("sqs", "set_queue_attributes", QueueUrl=url, Attributes={"Policy": ""})


@register
class Topic(Resource):
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-sns-topic.html"""

    type = "AWS::SNS::Topic"
    lacks: ClassVar[Properties] = {
        "ArchivePolicy": None,
        "DataProtectionPolicy": None,
        "DeliveryStatusLogging": None,
        "FifoThroughputScope": None,
        "MaximumMessageSize": None,
        "TracingConfig": "PassThrough",
    }
    name_property = "TopicName"
    attributes_known = "TopicArn TopicName"
    members = ("ContentBasedDeduplication", "DisplayName", "KmsMasterKeyId", "SignatureVersion")

    def create(self, call: Call, given: Properties) -> str:
        fifo = str(given.get("FifoTopic", "")).lower() == "true"
        name = given.get("TopicName") or call.name(200) + (".fifo" if fifo else "")
        attributes = only(given, *self.members) | ({"FifoTopic": "true"} if fifo else {})
        arn = call(
            "sns", "create_topic", Name=name, Attributes=attributes, Tags=listed(call.tagged(given.get("Tags")))
        )["TopicArn"]
        self._subscribe(call, arn, given, {})
        return str(arn)

    def _subscribe(self, call: Call, arn: str, given: Properties, old: Properties) -> None:
        for each in given.get("Subscription") or []:
            if each not in (old.get("Subscription") or []):
                call("sns", "subscribe", TopicArn=arn, Protocol=each["Protocol"], Endpoint=each["Endpoint"])

    def update(self, call: Call, physical: str, given: Properties, old: Properties) -> None:
        for name in self.members:
            if given.get(name) != old.get(name):
                call(
                    "sns",
                    "set_topic_attributes",
                    TopicArn=physical,
                    AttributeName=name,
                    AttributeValue=given.get(name) or "",
                )
        self._subscribe(call, physical, given, old)

    def delete(self, call: Call, physical: str, given: Properties) -> None:
        call("sns", "delete_topic", TopicArn=physical)

    def attributes(self, call: Call, physical: str, given: Properties) -> dict[str, Any]:
        return {"TopicArn": physical, "TopicName": physical.rpartition(":")[2]}


@register
class Subscription(Resource):
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-sns-subscription.html"""

    type = "AWS::SNS::Subscription"
    lacks: ClassVar[Properties] = {"Region": None, "ReplayPolicy": None, "SubscriptionRoleArn": None}
    attributes_known = "Arn"
    members = ("DeliveryPolicy", "FilterPolicy", "FilterPolicyScope", "RawMessageDelivery", "RedrivePolicy")

    def create(self, call: Call, given: Properties) -> str:
        attributes = {
            name: document(value) if isinstance(value, dict) else value
            for name, value in only(given, *self.members).items()
        }
        made = call(
            "sns",
            "subscribe",
            **only(given, "TopicArn", "Protocol", "Endpoint"),
            Attributes=attributes,
            ReturnSubscriptionArn=True,
        )
        return str(made["SubscriptionArn"])

    def update(self, call: Call, physical: str, given: Properties, old: Properties) -> None:
        for name in self.members:
            if given.get(name) != old.get(name):
                value = given.get(name)
                call(
                    "sns",
                    "set_subscription_attributes",
                    SubscriptionArn=physical,
                    AttributeName=name,
                    AttributeValue=document(value) if isinstance(value, dict) else value or "",
                )

    def delete(self, call: Call, physical: str, given: Properties) -> None:
        call("sns", "unsubscribe", SubscriptionArn=physical)

    def attributes(self, call: Call, physical: str, given: Properties) -> dict[str, Any]:
        return {"Arn": physical}


@register
class TopicPolicy(Resource):
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-sns-topicpolicy.html"""

    type = "AWS::SNS::TopicPolicy"

    def create(self, call: Call, given: Properties) -> str:
        self.update(call, "", given, {})
        return call.name(64)

    def update(self, call: Call, physical: str, given: Properties, old: Properties) -> None:
        for arn in given["Topics"]:
            call(
                "sns",
                "set_topic_attributes",
                TopicArn=arn,
                AttributeName="Policy",
                AttributeValue=document(given["PolicyDocument"]),
            )
